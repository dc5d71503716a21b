"""TorchScript archives: tensors under dotted names as in the module's own state_dict. No code runs."""

from __future__ import annotations

import io
import pathlib
import random
import subprocess
import sys
import zipfile

import pytest

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "attacks"), str(ROOT / "tools")]

from programs import PROGRAM, program  # noqa: E402
from script_operators import computing  # noqa: E402

QUANTIZED = {torch.qint8, torch.quint8, torch.qint32, torch.quint4x2, torch.quint2x4}


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
        self.norm = torch.nn.BatchNorm1d(2)
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.register_buffer("table", torch.arange(6).reshape(2, 3))
        self.sizes = [1, 2, 3]
        self.rates = {"a": 0.5}

    def forward(self, x):
        return self.norm(self.inner(x)) * self.scale + self.sizes[0] * self.rates["a"]


def saved(module) -> bytes:
    stream = io.BytesIO()
    torch.jit.save(module, stream)
    return stream.getvalue()


def modules():
    torch.manual_seed(1)
    block = Block().eval()
    yield "script", torch.jit.script(block)
    yield "trace", torch.jit.trace(block, torch.randn(5, 3))
    yield "frozen", torch.jit.freeze(torch.jit.script(block))
    half = Block().to(torch.bfloat16).eval()
    yield "bfloat16", torch.jit.script(half)


@pytest.mark.parametrize("name", ["script", "trace", "frozen", "bfloat16"])
def test_tensors_have_the_names_of_the_state_dict(name):
    module = dict(modules())[name]
    with package.open(saved(module)) as handle:
        assert handle.metadata["format"] == "torchscript"
        assert handle.issues == []
        loaded = {key: handle.get_tensor(key) for key in handle.keys()}
    for key, tensor in module.state_dict().items():
        assert key in loaded, (key, list(loaded))
        assert loaded[key].dtype == tensor.dtype and loaded[key].equal(tensor), key
        assert loaded[key].stride() == tensor.stride()


def test_tensors_of_every_type():
    dtypes = {value for value in vars(torch).values() if isinstance(value, torch.dtype)}
    for dtype in sorted(dtypes - QUANTIZED, key=str):
        module = torch.nn.Module()
        module.register_buffer("value", torch.arange(32, dtype=torch.uint8).view(dtype))
        loaded = safe_load(io.BytesIO(saved(torch.jit.script(module)))).state_dict()["value"]
        assert loaded.dtype == dtype and torch.equal(loaded.view(torch.uint8), torch.arange(32, dtype=torch.uint8)), dtype


def test_buffers_that_share_a_storage_still_do():
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Parameter(torch.arange(6.0))
            self.register_buffer("b", self.a.detach()[2:4])

        def forward(self, x):
            return x + self.a.sum() + self.b.sum()

    with package.open(saved(torch.jit.script(Tied()))) as handle:
        whole, part = handle.get_tensor("a"), handle.get_tensor("b")
    assert part.tolist() == [2.0, 3.0]
    with torch.no_grad():
        whole[2] = 9
    assert part.tolist() == [9.0, 3.0]


def test_lists_and_dicts_of_the_module_are_plain():
    with package.open(saved(torch.jit.script(Block()))) as handle:
        attributes = handle.root.attributes()
    plain = [value for value in attributes.values() if isinstance(value, (list, dict))]
    assert [1, 2, 3] in plain and {"a": 0.5} in plain, plain


@pytest.mark.parametrize("values", [[1, 2], [0.5, 1.5], [True, False], ["a", "b"]])
def test_attributes_of_each_type_are_read(values):
    class Holder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.values = values
            self.by_name = {"k": values[0]}
            self.pair = (values[0], "x")
            self.tensors = [torch.ones(2), torch.zeros(3)]
            self.none: int | None = None

        def forward(self, x):
            return x

    with package.open(saved(torch.jit.script(Holder()))) as handle:
        assert handle.issues == []
        attributes = handle.root.attributes()
        assert sum(handle.get_tensor(key).numel() for key in handle.keys()) == 5
    assert attributes["values"] == values and attributes["by_name"] == {"k": values[0]}
    assert attributes["pair"] == (values[0], "x") and attributes["none"] is None


def test_no_code_is_run_or_compiled(monkeypatch):
    content = saved(torch.jit.script(Block()))
    monkeypatch.setattr(torch.jit, "load", None)
    monkeypatch.setattr(torch._C, "import_ir_module", None)
    assert list(safe_load(content).state_dict())


def test_sparse_tensors_are_those_of_torch():
    class Sparse(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            indices, values = torch.tensor([[0, 1], [2, 0]]), torch.tensor([3.0, 4.0])
            self.register_buffer("coo", torch.sparse_coo_tensor(indices, values, (2, 3)))
            self.register_buffer("csr", self.coo.to_sparse_csr())
            self.weight = torch.nn.Parameter(self.coo.clone())

        def forward(self, x):
            return x

    content = saved(torch.jit.script(Sparse()))
    ours, theirs = safe_load(content, unknown="opaque"), torch.jit.load(io.BytesIO(content))
    for name in ("coo", "csr", "weight"):
        tensor, other = getattr(ours, name), getattr(theirs, name)
        assert tensor.layout == other.layout and tensor.shape == other.shape
        assert tensor.dtype == other.dtype and tensor.to_dense().equal(other.to_dense())
        assert tensor.requires_grad == other.requires_grad == (name == "weight")
        assert tensor.layout != torch.sparse_coo or tensor.is_coalesced() == other.is_coalesced()


# ---- constants, where frozen modules keep their weights


class Table(torch.nn.Module):
    """Not a module with weights, and yet with a table in its code."""

    def forward(self, x):
        return x * torch.tensor([[1.5, 2.5]]) + torch.tensor([3, 4])


def programs_with_constants():
    block, given = Block().eval(), torch.randn(5, 3)
    yield "frozen", torch.jit.freeze(torch.jit.script(block))
    yield "frozen trace", torch.jit.freeze(torch.jit.trace(block, given))
    yield "frozen bfloat16", torch.jit.freeze(torch.jit.script(Block().to(torch.bfloat16).eval()))
    yield "traced", torch.jit.trace(Table(), torch.ones(1, 2))


def content_for_mobile(module) -> bytes:
    return module._save_to_buffer_for_lite_interpreter()


@pytest.mark.parametrize("save", [saved, content_for_mobile])
@pytest.mark.parametrize("name", ["frozen", "frozen trace", "frozen bfloat16", "traced"])
def test_constants_are_those_of_torch(name, save):
    content = save(dict(programs_with_constants())[name])
    theirs = torch.jit.load(io.BytesIO(content)).code_with_constants[1].const_mapping
    assert theirs
    with package.open(content) as handle:
        assert handle.issues == []
        for constant, tensor in theirs.items():
            own = handle.get_tensor(f"CONSTANTS.{constant}")
            assert own.dtype == tensor.dtype and own.stride() == tensor.stride()
            assert own.reshape(-1).view(torch.uint8).equal(tensor.reshape(-1).view(torch.uint8))
    found = package.state_dict(safe_load(content))
    weights = torch.jit.load(io.BytesIO(content)).state_dict()
    assert list(found) == list(weights) + ([] if weights else [f"CONSTANTS.{constant}" for constant in theirs])
    assert package.inspect(content).container["notes"] == [f"constants of the program, under CONSTANTS: {len(theirs)}"]


def test_a_module_with_weights_has_those_of_torch_and_its_constants_beside():
    class Scaled(torch.nn.Linear):
        def forward(self, given):
            return super().forward(given) * torch.tensor([2.0, 3.0])

    content = saved(torch.jit.trace(Scaled(1, 2), torch.ones(1, 1)))
    module = safe_load(content)
    assert list(module.state_dict()) == list(torch.jit.load(io.BytesIO(content)).state_dict()) == ["weight", "bias"]
    assert module.attributes()["CONSTANTS"]["c0"].tolist() == [2.0, 3.0]


def test_a_frozen_part_is_not_lost():
    module = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)).eval()
    frozen = torch.jit.freeze(torch.jit.script(module), preserved_attrs=["0"])
    found = package.state_dict(safe_load(saved(frozen)))
    assert list(found) == ["0.weight", "0.bias", "CONSTANTS.c0", "CONSTANTS.c1"]
    wanted = sorted(float(tensor) for tensor in module.state_dict().values())
    assert sorted(float(tensor) for tensor in found.values()) == wanted


def test_an_attribute_of_that_name_hides_no_constant():
    class Own(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("CONSTANTS", torch.ones(3))

        def forward(self, x):
            return x + self.CONSTANTS * torch.tensor([7.0, 8.0, 9.0])

    content = saved(torch.jit.trace(Own(), torch.ones(3)))
    with package.open(content) as handle:
        assert handle.get_tensor("data.CONSTANTS").tolist() == [1.0, 1.0, 1.0]
        assert handle.get_tensor("CONSTANTS.c0").tolist() == [7.0, 8.0, 9.0]


# ---- what a scan says of programs


class Everything(torch.nn.Module):
    """Layers, control flow, texts, lists, functions of its own, an operator by another namespace."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()
        self.layers = torch.nn.ModuleList([torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)])
        self.rnn = torch.nn.LSTM(2, 2, bidirectional=True)
        self.attention = torch.nn.MultiheadAttention(4, 2)

    @torch.jit.export
    def helper(self, x: torch.Tensor, name: str | None = None) -> list[torch.Tensor]:
        return [x for _ in range(2)] if name is None else [x, x * len(f"{name}: {x.size(0)}")]

    def forward(self, x: torch.Tensor):
        x = self.block(x)
        for layer in self.layers:
            x = layer(x)
        x = self.rnn(x.unsqueeze(1))[0]
        parts = self.helper(x, "a")
        future = torch.jit.fork(torch.neg, parts[0])
        while x.sum() > 100:
            x = x / 2
        if x.dim() != 3:
            raise ValueError("dimensions")
        return self.attention(x, x, x)[0] + torch.jit.wait(future)


def programs():
    whole, given = Everything().eval(), torch.randn(5, 3)
    yield "script", saved(torch.jit.script(whole))
    yield "trace", saved(torch.jit.trace(whole, given))
    yield "frozen", saved(torch.jit.freeze(torch.jit.script(whole)))
    yield "optimized", saved(torch.jit.optimize_for_inference(torch.jit.script(whole)))
    block = torch.jit.script(Block().eval())
    yield "mobile", content_for_mobile(block)
    yield "frozen mobile", content_for_mobile(torch.jit.freeze(block))
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(whole), stream, _extra_files={"config.json": "{}", "labels.txt": "dog\ncat\n"})
    yield "extra files", stream.getvalue()
    packed = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(2, 2)), {torch.nn.Linear})
    yield "quantized", saved(torch.jit.script(packed))


def test_programs_of_torch_are_safe():
    for name, content in programs():
        report = package.scan(content)
        assert report.verdict is package.Verdict.SAFE, (name, [finding.message for finding in report.findings])
        assert {finding.rule for finding in report.findings} <= {"SL-N06"}, (name, report.findings)


def test_what_a_program_writes_when_it_is_loaded_is_found(tmp_path):
    """torch.jit.load runs __setstate__ of the sources: this one writes a file, with nothing in the pickle that says so."""

    class Writes(torch.nn.Module):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

        @torch.jit.export
        def __getstate__(self):
            return self.path, self.training

        @torch.jit.export
        def __setstate__(self, state: tuple[str, bool]):
            self.path = state[0]
            self.training = state[1]
            torch.save(torch.ones(1), state[0])

        def forward(self, x):
            return x

    path = tmp_path / "written"
    content = saved(torch.jit.script(Writes(str(path))))
    report = package.scan(content)
    assert report.verdict is package.Verdict.DANGEROUS
    assert ("SL-T12", "the program: aten::save writes a file") in [(f.rule, f.message) for f in report.findings]
    assert not path.exists()
    torch.jit.load(io.BytesIO(content))
    assert path.exists()


def test_every_operator_of_torch_is_judged():
    """A program that calls all that torch registers: what is not known to compute is named, and nothing else is."""
    registered = {schema.name for schema in torch._C._jit_get_all_schemas()}
    source = "".join(f"  ops.{name.replace('::', '.')}(x)\n" for name in sorted(registered))
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(torch.jit.script(Block())))) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry))
        new.writestr(old.namelist()[0].split("/")[0] + "/code/__torch__/all.py", f"def f(x):\n{source}")
    found = package.scan(stream.getvalue()).findings
    named = {finding.message.split(": ")[1].split()[0]: finding for finding in found if finding.rule != "SL-N06"}
    assert set(named) == registered - set(computing())
    files = {name for name, finding in named.items() if finding.rule == "SL-T12"}
    assert files == {"aten::save", "aten::from_file"}
    assert all("::" in name and finding.rule in ("SL-T11", "SL-T12") for name, finding in named.items())


def test_the_table_of_operators_is_that_of_torch():
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "script_operators.py"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Lines:
    """Random lines of TorchScript over a few words, of which some name what writes files."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def expression(self, depth: int) -> str:
        pick, inner = self.random.choice, lambda: self.expression(depth - 1)
        name = pick(["save", "save", "from_file", "neg"])
        leaves = ["x", "1.0", "'a'", "'''b'''", "self", "torch", "ops", "__torch__", "CONSTANTS.c0", "v"]
        leaves += [f"torch.{name}", f"torch.autograd.{name}", f"ops.aten.{name}", f"ops.prim.autograd.{name}"]
        if depth == 0:
            return str(pick(leaves))
        kind = self.random.randrange(8)
        if kind == 0:
            return f"{inner()}.{name}"
        if kind == 1:
            return f"getattr({inner()}, {pick(['{0}{1}{0}', '{0}{0}{0}{1}{0}{0}{0}']).format(pick(chr(34) + chr(39)), name)})"
        if kind == 2:
            return str(pick(["(%s)", "[%s][0]", "%s # '", "(%s\n )", "%s \\\n", '"""a""", %s']) % inner())
        return f"{inner()}({pick(['x, ' + repr('p'), repr('p'), 'x', ''])})"

    def program(self) -> str:
        lines = [self.random.choice(["", "v = ", "v = "]) + self.expression(self.random.randrange(3)) for _ in range(2)]
        return PROGRAM.replace("y = torch.add(x, CONSTANTS.c0)", "\n    ".join(["v = x", *lines, "y = x"]))


def test_no_program_in_which_torch_finds_such_an_operator_is_safe():
    lines, found = Lines(1), 0
    for _ in range(3000):
        source = lines.program()
        content = program(source)
        try:
            graph = str(torch.jit.load(io.BytesIO(content)).graph)
        except RuntimeError:
            continue
        if "aten::save" in graph or "aten::from_file" in graph:
            found += 1
            assert package.scan(content).verdict is not package.Verdict.SAFE, source
    assert found > 20
