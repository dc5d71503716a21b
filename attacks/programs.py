"""TorchScript programs, and what they reach by names of operators."""

from __future__ import annotations

import struct
from typing import Iterator

from assembler import PAYLOAD, Entry, pickle_of, tensor, text, zip_of
from case import EVIL, Case

PROGRAM = """class M(Module):
  training : bool
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    y = torch.add(x, CONSTANTS.c0)
    return y
"""


def program(source: str, data: bytes | None = None, more: list[Entry] = [], constants: bytes = b"", folder: str = "archive") -> bytes:
    """What torch.jit.save writes of a module M."""
    module = b"c__torch__\nM\n)\x81}" + text("training") + b"\x89sb"
    records = [
        Entry(f"{folder}/data.pkl", pickle_of(module if data is None else data)),
        Entry(f"{folder}/code/__torch__.py", source.encode("latin1")),
        Entry(f"{folder}/constants/0", struct.pack("<2f", 1, 2)),
        Entry(f"{folder}/constants.pkl", pickle_of(b"(" + tensor() + constants + b"t")),
        Entry(f"{folder}/version", b"3\n"),
        Entry(f"{folder}/byteorder", b"little"),
    ]
    return zip_of([*records, *more])


def programs() -> Iterator[Case]:
    """TorchScript: what a program reaches by names of operators, and what hides such a name."""
    honest = program(PROGRAM)

    def instead(*lines: str) -> bytes:
        return program(PROGRAM.replace("    y = torch.add(x, CONSTANTS.c0)\n", "".join(f"    {line}\n" for line in lines)))

    def evil(name: str, *lines: str) -> Case:
        return Case("T12", f"{name}.pt", instead(*lines), "DANGEROUS", "SL-T12", honest)

    def unknown(name: str, *lines: str, row: str = "T11", verdict: str = "UNKNOWN") -> Case:
        return Case(row, f"{name}.pt", instead(*lines), verdict, f"SL-{row}", honest)

    path = "\"/tmp/harmless\""
    yield evil("save", f"torch.save(x, {path})", "y = x")
    yield evil("save-of-ops", f"ops.aten.save(x, {path})", "y = x")
    yield evil("save-of-autograd", f"torch.autograd.save(x, {path})", "y = x")
    yield evil("save-of-prim-autograd", f"ops.prim.autograd.save(x, {path})", "y = x")
    yield evil("save-as-a-value", "_0 = torch.save", f"_0(x, {path})", "y = x")
    yield evil("save-in-lines", f"(torch\n      .\n save)(x, {path})", "y = x")
    yield unknown("method", f"y = (x).save({path})")
    yield unknown("method-of-a-number", f"y = 1.0.save({path})")
    yield unknown("method-of-a-text", f"y = \"a\".save({path})")
    yield unknown("method-of-an-item", f"y = [x][0].save({path})")
    yield unknown("method-by-getattr", f"y = getattr(x, \"save\")({path})")
    yield unknown("method-by-two-getattrs", f"y = getattr(getattr(self, \"training\"), 'save')({path})")
    yield evil("behind-a-text", "z = \"\\\"\"", f"torch.save(x, {path}) # \"", "y = x")
    yield evil("behind-three-marks", "z = \"\"\"a\"\"\"", f"torch.save(x, {path})", "y = x", "z = \"\"\"b\"\"\"")
    yield evil("mapped", f"y = torch.from_file({path}, True, 8)")
    setting = PROGRAM + "  def __setstate__(self: __torch__.M,\n    state: bool) -> NoneType:\n"
    yield Case("T12", "when-loaded.pt", program(setting + f"    torch.save(state, {path})\n    self.training = state\n",
               b"c__torch__\nM\n)\x81\x89b"), "DANGEROUS", "SL-T12", honest)
    function = "\n\ndef helper(x: Tensor) -> Tensor:\n"
    yield Case("T12", "in-a-function.pt", program(PROGRAM + function + f"  torch.save(x, {path})\n  return x\n"), "DANGEROUS", "SL-T12", honest)
    another = [Entry("archive/code/__torch__/other.py", f"def f(x: Tensor) -> NoneType:\n  torch.save(x, {path})\n".encode(), deflate=True)]
    yield Case("T12", "in-another-source.pt", program(PROGRAM, more=another), "DANGEROUS", "SL-T12", honest)

    def mobile(operator: str) -> bytes:
        names = b"((" + text("operators") + b"((" + text(operator) + text("") + b"tttt"
        return program(PROGRAM, more=[Entry("archive/bytecode.pkl", pickle_of(b"(K\x09" + names + b"t"))])

    yield Case("T12", "bytecode.pt", mobile("aten::save"), "DANGEROUS", "SL-T12", mobile("aten::add"))
    yield Case("T11", "bytecode.pt", mobile("mylib::run"), "UNKNOWN", "SL-T11", mobile("aten::add"))

    yield unknown("method-of-its-own", f"y = self.save({path})", "def save(self, x):")
    yield unknown("method-as-a-value", "_0 = x.save", f"y = _0({path})")
    yield unknown("library", "y = ops.mylib.run(x)")
    yield unknown("processes", "y = ops.c10d.send([x], 0, 0)")
    yield unknown("machines", "y = ops.prim.rpc_sync(\"other\", x)")
    yield unknown("python", "y = ops.prim.PythonOp(x)")
    yield unknown("operator", "y = torch.not_yet_written(x)")
    yield unknown("native-class", "y = __torch__.torch.classes.mylib.Runner(x)")
    yield unknown("native-type", "y = annotate(__torch__.torch.classes.mylib.Runner, x)")
    yield unknown("method-of-nobody", "y = (x).run_it()")
    yield unknown("attribute-of-nobody", "_0 = (x).run_it", "y = _0()")
    yield unknown("function-of-nobody", "y = open(x)")
    yield unknown("class-of-nobody", "y = __torch__.Other(x)")
    yield unknown("part-of-a-name", "_0 = __torch__.torch", "y = _0.classes.mylib.Runner(x)")
    yield unknown("torch-as-a-value", "t = torch", f"t.save(x, {path})", "y = x", row="T04")
    yield unknown("ops-as-a-value", "o = ops", "y = o.mylib.run(x)", row="T04")
    yield unknown("getattr-of-torch", f"getattr(torch, \"save\")(x, {path})", "y = x", row="T04")
    yield unknown("getattr-as-a-value", "g = getattr", f"y = g(x, \"save\")({path})", row="T04")
    yield unknown("getattr-of-two-texts", f"y = getattr(x, \"sa\" \"ve\")({path})", row="T04")
    yield unknown("getattr-of-an-escape", f"y = getattr(x, \"s\\x61ve\")({path})", row="T04")
    yield unknown("import", "import os", row="T04")
    yield unknown("comment", "y = x # \"", f"torch.save(x, {path})", "y = x", row="T04", verdict="DANGEROUS")
    yield unknown("long-line", f"y = x \\", f"  .save({path})", row="T04")
    yield unknown("number", f"y = 1e.save({path})", row="T04")
    yield unknown("prefix", "y = b\"\"", row="T04")
    yield unknown("letter", "y = torch.s\xe4ve(x)", row="T04")
    letters = [Entry("archive/code/__torch__/other.PY", b"pass")]
    yield Case("T04", "script.pt", program(PROGRAM, more=letters), "UNKNOWN", "SL-T04", honest)
    yield Case("T04", "old-model.pt", program(PROGRAM, more=[Entry("archive/model.json", b"{}")]), "UNKNOWN", "SL-T04", honest)
    # Where torch does not see that this is TorchScript, its classes are looked for in Python.
    python = [Entry("archive/code/mylib.py", b"class Runner(Module):\n  training : bool\n")]
    yield Case("G15", "script-class-of-python.pt", program(PROGRAM, pickle_of(b"cmylib\nRunner\n)\x81}b"), python), "UNKNOWN", "SL-G15", honest)
    yield Case("T04", "outside-of-torch.pt", program(PROGRAM, more=python), "UNKNOWN", "SL-T04", honest)
    yield Case("G15", "script-function.pt", program(PROGRAM + function + "  return x\n", pickle_of(b"c__torch__\nhelper\n")), "UNKNOWN", "SL-G15", honest)
    yield Case("C02", "long-folder.pt", program(PROGRAM, folder="a" * 498), "UNKNOWN", "SL-C02", honest)
    yield Case("G15", "script-class.pt", program(PROGRAM, b"c__torch__\nOther\n)\x81}b"), "UNKNOWN", "SL-G15", honest)
    yield Case("G15", "script-constant.pt", program(PROGRAM, constants=b"c__torch__.torch.classes.mylib\nRunner\n)\x81}b"), "UNKNOWN", "SL-G15", honest)
    yield Case("A03", "script-class.pt", program(PROGRAM, b"c__torch__\nM\n(" + text("x") + b"tR"), "UNKNOWN", "SL-A03", honest)
    for name in ("constants.pkl", "code/__torch__.py.debug_pkl", "extra/a.txt", "traced_inputs.pkl"):
        records = [Entry(f"archive/{name}", EVIL)] if "code" not in name and "constants" not in name else []
        content = program(PROGRAM, more=records, constants=PAYLOAD if name == "constants.pkl" else b"")
        if name.startswith("code"):
            content = program(PROGRAM, more=[Entry("archive/code/__torch__/other.py.debug_pkl", EVIL)])
        yield Case("G01", f"script-{name.replace('/', '-')}.pt", content, "DANGEROUS", "SL-G01", honest)
