"""Depth and sharing cost what the file's bytes pay for, and nothing recurses."""

import subprocess
import sys

import pytest
from forge import forge

from safe_load import safe_load

MILLION = 1_000_000
DEEP = {
    "lists": b"]" * MILLION + b"a" * (MILLION - 1),
    "tuples": b")" + b"\x85" * MILLION,
}


@pytest.mark.parametrize("name", DEEP)
def test_a_million_levels_load_and_are_destroyed(name, tmp_path):
    path = tmp_path / "deep.pt"
    path.write_bytes(forge(DEEP[name] + b"."))
    code = "import sys, safe_load\nx = safe_load.safe_load(sys.argv[1])\nprint(type(x).__name__)\ndel x\nprint('gone')"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=300)
    assert done.stdout == f"{name[:-1]}\ngone\n", done.stderr


def test_deeply_nested_objects_load_and_are_destroyed(tmp_path):
    path = tmp_path / "deep.pt"
    path.write_bytes(forge(b"cm\nC\nq\x000N" + b"q\x010h\x00h\x01\x85R" * 200_000 + b"."))
    code = "import sys, safe_load\nx = safe_load.safe_load(sys.argv[1], unknown='opaque')\nprint(x.cls)\ndel x\nprint('gone')"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=300)
    assert done.stdout == "m.C\ngone\n", done.stderr


def test_doubling_costs_one_object_per_step():
    loaded = safe_load(forge(b"]" + b"2\x86" * 60 + b"."))
    depth = 0
    while isinstance(loaded, tuple):
        assert loaded[0] is loaded[1]
        loaded = loaded[0]
        depth += 1
    assert depth == 60


def test_a_deep_tuple_is_refused_as_a_key():
    from safe_load import Error

    with pytest.raises(Error, match="key"):
        safe_load(forge(b"})" + b"\x85" * 100 + b"K\x01s."))
