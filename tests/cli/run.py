"""Golden tests of the command line.

    run.py PROGRAM [--update]

Each NAME.sh is run by sh in a scratch folder, with $SAFE_LOAD the program and $EXAMPLES the examples; its
output must equal NAME.stdout, NAME.stderr (both "" if missing) and NAME.exit (0 if missing). --update
writes what came out instead.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"


def run(script: pathlib.Path, program: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as scratch:
        environment = {"SAFE_LOAD": program, "EXAMPLES": str(EXAMPLES), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["sh", str(script)], capture_output=True, cwd=scratch, env=environment, timeout=120)
    # Old kernels and sanitizers have no sandbox, which a scan says.
    stdout = "".join(line for line in done.stdout.decode().splitlines(True) if not line.startswith("sandbox: "))
    texts = {"stdout": stdout, "stderr": done.stderr.decode(), "exit": f"{done.returncode}\n"}
    return {kind: text.replace(str(EXAMPLES), "EXAMPLES") for kind, text in texts.items()}


def main() -> int:
    program = str(pathlib.Path(sys.argv[1]).resolve())
    failed = 0
    scripts = sorted(HERE.glob("*.sh"))
    for script in scripts:
        for kind, text in run(script, program).items():
            golden = script.with_suffix(f".{kind}")
            default = "0\n" if kind == "exit" else ""
            if "--update" in sys.argv:
                golden.unlink(missing_ok=True)
                if text != default:
                    golden.write_text(text)
                continue
            expected = golden.read_text() if golden.exists() else default
            if text != expected:
                failed += 1
                print(f"{script.name}: {kind} differs\n--- expected\n{expected}--- got\n{text}")
    print(f"{len(scripts) * 3 - failed} passed, {failed} failed")
    return 1 if failed or not scripts else 0


if __name__ == "__main__":
    sys.exit(main())
