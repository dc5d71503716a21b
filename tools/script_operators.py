"""Writes src/scan/script_operators.inc: the operators of TorchScript that compute and do nothing else, as torch lists
them. Needs torch 2.13: python tools/script_operators.py, or with --check to see whether the file is true.

All registered operators of the namespaces below are in it, but for those that somebody left out here, each for a reason.
"""

from __future__ import annotations

import pathlib
import re
import sys

FILE = pathlib.Path(__file__).resolve().parent.parent / "src" / "scan" / "script_operators.inc"
NAMESPACES = frozenset(
    """aten prim quantized _quantized mkldnn mkldnn_prepacked onednn mkl sparse quantization profiler""".split()
)
# What they do instead src/scan/script_operators.cc says of the first two rows.
LEFT_OUT = {
    "files": "aten::save aten::from_file",
    "other machines": """aten::to_here aten::owner aten::owner_name aten::confirmed_by_owner aten::is_owner
        aten::local_value aten::get_gradients prim::rpc_async prim::rpc_remote prim::rpc_sync""",
    "Python": "prim::PythonOp prim::IgnoredPythonOp aten::_triton_multi_head_attention aten::_triton_scaled_dot_attention",
    "stands in graphs that torch optimised, never in source": """prim::Autograd\\w+ prim::Bail\\w+ prim::DifferentiableGraph
        prim::FallbackGraph prim::Fus\\w+ prim::Guard prim::IfThenElse prim::MMBatchSide prim::MMTreeReduce
        prim::oneDNNFusion\\w+ prim::profile\\w* prim::RequiresGradCheck prim::Static\\w+ prim::TensorExpr\\w+
        prim::TypeCheck""",
    "tests of torch": "aten::_test_\\w+ aten::_foobar",
}
# Of the build of torch for phones, which registers them there alone.
ELSEWHERE = """prepacked::conv2d_clamp_prepack prepacked::conv2d_clamp_run prepacked::conv2d_transpose_clamp_prepack
    prepacked::conv2d_transpose_clamp_run prepacked::linear_clamp_prepack prepacked::linear_clamp_run
    prepacked::unpack_prepacked_sizes_conv2d prepacked::unpack_prepacked_sizes_linear"""


def computing() -> list[str]:
    import torch

    registered = {schema.name for schema in torch._C._jit_get_all_schemas()}
    patterns = [re.compile(pattern) for row in LEFT_OUT.values() for pattern in row.split()]
    unused = [pattern.pattern for pattern in patterns if not any(map(pattern.fullmatch, registered))]
    if unused:
        sys.exit(f"no such operators: {unused}")
    kept = {name for name in registered if name.split("::")[0] in NAMESPACES}
    kept -= {name for name in kept if any(pattern.fullmatch(name) for pattern in patterns)}
    return sorted(kept | set(ELSEWHERE.split()))


def text() -> str:
    lines = ["// Written by tools/script_operators.py from what torch 2.13 registers.", ""]
    line = ""
    for name in computing():
        word = f'"{name}",'
        if len(line) + len(word) + 1 > 100:
            lines.append(line)
            line = ""
        line += f" {word}" if line else word
    return "\n".join([*lines, line]) + "\n"


def main() -> None:
    if "--check" not in sys.argv:
        FILE.write_text(text())
    elif FILE.read_text() != text():
        sys.exit(f"{FILE} differs from what torch registers; run {sys.argv[0]}")


if __name__ == "__main__":
    main()
