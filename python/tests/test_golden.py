"""The tables of tests/golden, which the C++ tests read too: one answer in both languages, and torch's where it has one."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pathlib
import re
import sys
from typing import Any, Iterator

import pytest
from conftest import ROOT

import safe_load as package
from safe_load import Error, GlobalRef, Opaque, _core, safe_load, state_dict, strip_prefix
from safe_load._errors import printable
from safe_load._inert.content import content_of, value_of

GOLDEN = ROOT / "tests" / "golden"

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")
sys.path.append(str(GOLDEN))

import make_golden as make  # noqa: E402
from safe_load._make import numpy as np_makers  # noqa: E402
from safe_load._make import containers, own_records, stdlib  # noqa: E402
from safe_load._make import torch as torch_makers  # noqa: E402


def rows(table: str) -> Iterator[list[str]]:
    for line in (GOLDEN / f"{table}.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def cases(table: str) -> Any:
    return pytest.mark.parametrize("name, answer", [pytest.param(*row, id=row[0]) for row in rows(table)])


def file(table: str, name: str) -> pathlib.Path:
    return GOLDEN / "files" / table / f"{name}.pt"


@pytest.mark.parametrize("table", make.TABLES)
def test_every_case_has_a_row_and_a_file(table):
    files = [path.stem for path in (GOLDEN / "files" / table).iterdir()]
    assert [row[0] for row in rows(table)] == list(make.TABLES[table]) and sorted(files) == sorted(make.TABLES[table])


# ---- state_dict


def state_dict_answer(path: pathlib.Path, key: str | list[str] | None = None) -> str:
    try:
        return " ".join(state_dict(safe_load(path, unknown="opaque"), key=key)) or "-"
    except Error as error:
        assert isinstance(error, ValueError) or error.code in ("corrupt", "limit") or "child" in str(error)
        return f"{error.code}: {str(error).removeprefix('safe_load: ')}"


def names_in(answer: str) -> str:
    return re.sub(r"[*()]", "", answer)


@cases("state_dict")
def test_state_dict(name, answer):
    found = state_dict_answer(file("state_dict", name))
    damaged = re.search(r"(\w+)!", answer)
    if damaged is not None:
        assert found.startswith("corrupt: ") and f'$["{damaged[1]}"]' in found
    elif re.match(r"\w+: ", answer):
        assert found.startswith(answer)
    else:
        assert found == names_in(answer)


@pytest.mark.parametrize("name, key, answer", list(rows("keys")))
def test_keys(name, key, answer):
    found = state_dict_answer(file("state_dict", name), key.split("|") if "|" in key else key)
    assert found.startswith(answer) if re.match(r"\w+: ", answer) else found == names_in(answer)


@pytest.mark.parametrize("name, prefix, answer", list(rows("prefixes")))
def test_prefixes(name, prefix, answer):
    names = state_dict(file("state_dict", name))
    try:
        found = " ".join(strip_prefix(names) if prefix == "usual" else strip_prefix(names, prefix))
    except ValueError as error:
        found = re.sub('.*two names are "(.*)"', r"two names: \1", str(error))
    assert found == answer


@pytest.mark.parametrize("name", make.MODULES)
def test_the_names_of_modules_are_those_of_torch(name):
    answer = dict(rows("state_dict"))[name]
    live = make.STATE_DICT[name]()
    if answer.startswith("corrupt: "):
        with pytest.raises(RecursionError):
            live.state_dict()
    else:
        assert (" ".join(live.state_dict()) or "-") == names_in(answer)


# ---- distributed tensors


def distributed_answer(value: Any) -> str:
    try:
        found = value.distributed_tensor()
    except TypeError as error:
        return f"mismatch: {error}"
    except Error as error:
        return f"{error.code}: {str(error).removeprefix('safe_load: ')}"
    placements = ", ".join(map(str, found.placements))
    names = f" ({', '.join(found.mesh.names)})" if found.mesh.names else ""
    mesh = f"{found.mesh.device_type} mesh {list(found.mesh.shape)}{names}"
    replicated = ", replicated" if found.is_replicated else ""
    return f"{list(found.local.shape)} of {list(found.shape)}: {placements} on a {mesh}{replicated}"


@cases("distributed")
@pytest.mark.parametrize("framework", ["torch", "numpy", "none"])
def test_distributed_tensors(name, answer, framework):
    assert distributed_answer(safe_load(file("distributed", name), unknown="opaque", framework=framework)) == answer


# ---- containers


def shown(value: Any) -> str:
    value = value_of(value)
    held = content_of(value) if isinstance(value, Opaque) else value
    if isinstance(value, Opaque) and held is None:
        return value.cls
    if isinstance(held, dict):
        return "{" + ", ".join(f"{key}: {shown(part)}" for key, part in held.items()) + "}"
    if isinstance(held, (list, tuple)):
        return "[" + ", ".join(shown(part) for part in held) + "]"
    return f'"{held}"' if isinstance(held, str) else str(held)


@cases("containers")
def test_containers(name, answer):
    assert shown(safe_load(file("containers", name), unknown="opaque")) == answer


# ---- texts


@cases("issues")
def test_issues(name, answer):
    with package.open(file("issues", name)) as handle:
        texts = [issue["text"] for issue in handle.issues]
    assert " | ".join(texts) == answer.removeprefix("-")
    if texts:
        with pytest.raises(Error) as caught:
            safe_load(file("issues", name))
        assert all(text in str(caught.value) for text in texts)


@pytest.mark.parametrize("what, text, answer", [pytest.param(*row, id=row[0]) for row in rows("escaping")])
def test_escaping(what, text, answer):
    assert printable(bytes.fromhex(text).decode("utf-8", "surrogatepass")) == answer


# ---- names that both sides have

# Kinds that the engine makes itself, or hands to a method of the makers that is named after them.
BY_THE_ENGINE = """missing None bool int float complex str bytes bytearray tuple list dict set frozenset symbol tensor
storage ipaddress object numpy.ndarray numpy.dtype numpy.ma.masked functools.partial torch.Generator
torch.nn.parameter.Parameter""".split()
BY_THE_ENGINE += ["numpy scalar", "record of safe_load", "sparse tensor", "nested tensor", "jagged tensor"]
BY_THE_ENGINE += ["attribute reference", "damaged value"]


def test_no_side_has_a_kind_of_value_that_the_other_lacks():
    made = [*containers.RECORDS, *stdlib.RECORDS, *stdlib.STATEFUL, *np_makers.STATEFUL]
    addresses = [kind for kind in made if kind.startswith("ipaddress.")]
    assert set(made) - set(addresses) | set(BY_THE_ENGINE) == set(_core.VALUE_KINDS)


def test_the_engine_knows_every_name_that_stands_for_a_value_here():
    names = {*stdlib.SYMBOLS, *np_makers.SYMBOLS, *np_makers.MASKED_ARRAYS, *torch_makers._SYMBOLS}
    names |= {tuple(kind.rsplit(".", 1)) for kind in own_records.CLASSES}
    content = b"(" + b"".join(make.symbol(*name) for name in sorted(names)) + b"t"
    unknown = [row.name for row in package.inspect(make.file(content)).unknown_globals]
    assert unknown == [] and len(names) > 200


def named_in_python(module: str, name: str) -> Any:
    """What pickle would find under this name; None if this Python, or what is installed here, has no such module."""
    try:
        return functools.reduce(getattr, name.split("."), importlib.import_module(module))
    except ImportError:
        return None


def test_every_name_that_the_engine_knows_is_a_reference_or_what_python_has_under_it():
    references = 0
    for module, name in _core.KNOWN_NAMES:
        (value,) = safe_load(make.file(b"(" + make.symbol(module, name) + b"t"))
        if isinstance(value, GlobalRef):
            assert (value.module, value.name) == (module, name)
            references += 1
        else:
            expected = named_in_python(module, name)
            assert value is expected or value == expected or (expected is None and value.__name__ == name), (module, name)
    assert 0 < references < len(_core.KNOWN_NAMES) / 2 or not importlib.util.find_spec("torch")


def test_the_usual_keys_and_placements_are_those_of_the_tables():
    assert _core.USUAL_KEYS == make.KEYS and _core.SURE_KEYS == len(make.SURE_KEYS)
    answers = " ".join(answer for _, answer in rows("distributed"))
    assert all(kind in answers for _, kind in _core.PLACEMENTS)
