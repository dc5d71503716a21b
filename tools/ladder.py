"""Shows what it takes to load one NumPy number with torch.load: the ladder of allow-listing.

Usage: python tools/ladder.py [--check FILE]

--check compares the output, but for its first line (the versions), with the ladder that FILE shows. Each load runs in a fresh process, because torch keeps one allow-list per process. A step that
behaves otherwise than the README says ends the program with an error.
"""

import contextlib
import io
import json
import os
import pathlib
import pkgutil
import platform
import re
import subprocess
import sys
import tempfile

import numpy
import torch

NUMBER = 0.9137
SCALAR, DTYPE = "numpy._core.multiarray.scalar", "numpy.dtype"


def load_here(path, allowed):
    """Runs in the child: allow-lists the names, loads, prints [value, error] as JSON."""
    torch.serialization.add_safe_globals([pkgutil.resolve_name(name) for name in allowed])
    try:
        print(json.dumps([torch.load(path)["best_acc"], ""]))
    except Exception as error:
        print(json.dumps([None, str(error)]))


def load(path, *allowed):
    command = [sys.executable, __file__, "--load", path, *allowed]
    env = {k: v for k, v in os.environ.items() if not k.startswith("TORCH_FORCE_")}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def check(holds, seen):
    if not holds:
        sys.exit(f"ladder.py: this torch behaves differently: {seen}")


def climb(path):
    _, error = load(path)
    refusal = f"Unsupported global: GLOBAL {SCALAR}"
    check(refusal + " " in error, error)
    print(f'1  torch.load("acc.pth")\n     refused: "{refusal} ..."')

    listed = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    check(listed == sorted([SCALAR, DTYPE]), listed)
    print('2  torch.serialization.get_unsafe_globals_in_checkpoint("acc.pth")')
    print(f"     lists two names: {', '.join(listed)}")

    _, error = load(path, *listed)
    third = re.search(r"Can only build .* but got <class '(numpy\.dtypes\.Float64DType)'>", error)
    check(third and "Unsupported global" not in error, error)
    print("3  torch.load again, both names allow-listed")
    print(f"     refused: \"Can only build ... but got <class '{third[1]}'>\"")
    print("     A third name. Step 2 did not list it, and this error is of another kind.")

    value, error = load(path, *listed, third[1])
    check(value == NUMBER, error)
    print(f"4  torch.load again, all three names allow-listed\n     loads: {value}")


def show_ours(path):
    try:
        from safe_load import safe_load
    except ImportError:
        print('   safe_load("acc.pth")   (not run: safe_load is not installed here)')
        return
    value = safe_load(path)["best_acc"]
    check(value == NUMBER, value)
    print(f'   safe_load("acc.pth")   loads: {float(value)}, with no list at all')


def main():
    if sys.argv[1:2] == ["--load"]:
        load_here(sys.argv[2], sys.argv[3:])
        return
    if sys.argv[1:2] == ["--check"]:
        check_file(pathlib.Path(sys.argv[2]))
        return
    versions = f"torch {torch.__version__}, numpy {numpy.__version__}"
    print(f"# {versions}, Python {platform.python_version()}", flush=True)
    show()


def check_file(path):
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        show()
    if captured.getvalue() not in path.read_text():
        sys.exit(f"ladder.py: {path} shows another ladder than this one:\n{captured.getvalue()}")
    print(f"{path} shows what torch {torch.__version__} does")


def show():
    print(f'0  torch.save({{"best_acc": numpy.float64({NUMBER})}}, "acc.pth")')
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder, "acc.pth"))
        torch.save({"best_acc": numpy.float64(NUMBER)}, path)
        climb(path)
        show_ours(path)


if __name__ == "__main__":
    main()
