"""Writes tests/golden/files: what the tables beside it have answers for. Needs torch 2.13 and NumPy: python make_golden.py

A case is an object that torch saves, or the bytes of a file that no torch would write. A file that is there stays
unless it is named: python make_golden.py state_dict/plain
"""

from __future__ import annotations

import collections
import io
import pathlib
import sys
import types
import zipfile
from typing import Any, Callable

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent.parent / "python" / "tests"), str(FOLDER.parent.parent / "attacks")]

from forge import call, forge, storage, symbol, tensor, text  # noqa: E402

KEYS = ("state_dict", "model_state_dict", "model", "net", "module", "params_ema", "ema")
SIZES = {"0": 4, "ranks": 32, "local": 24}  # of the storages, in bytes
W = tensor("0", 1)

Case = Callable[[], Any]


# ---- pieces of pickles


def file(content: bytes) -> bytes:
    return forge(b"\x80\x02" + content + b".", {key: bytes(size) for key, size in SIZES.items()})


def mapping(*parts: bytes, **named: bytes) -> bytes:
    """A dict; parts are keys and values in turn."""
    return b"}(" + b"".join(parts) + b"".join(text(name) + part for name, part in named.items()) + b"u"


def row(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def items(*parts: bytes) -> bytes:
    return b"](" + b"".join(parts) + b"e"


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def made(name: str, *arguments: bytes) -> bytes:
    """An object of a class, as object.__reduce_ex__ writes it."""
    return symbol(*name.rsplit(".", 1)) + row(*arguments) + b"\x81"


def thing(name: str, **attributes: bytes) -> bytes:
    return made(name) + mapping(**attributes) + b"b"


def module(parameters: bytes = b"}", buffers: bytes = b"}", children: bytes = b"}") -> bytes:
    return thing("pkg.Net", _parameters=parameters, _buffers=buffers, _modules=children)


def sharing(leaf: bytes, levels: int) -> bytes:
    """Modules that each have the one before twice: 2 ** levels names."""
    twice = module(children=mapping(a=b"h\x01", b=b"h\x01"))
    return leaf + b"q\x010" + (twice + b"q\x010") * levels + b"h\x01"


def far_tensor() -> bytes:
    """One element, at a place behind the end of its storage."""
    hooks = symbol("collections", "OrderedDict") + b")R"
    parts = (storage("0", 1), b"K\x09", row(b"K\x01"), row(b"K\x01"), b"\x89", hooks)
    return call("torch._utils", "_rebuild_tensor_v2", *parts)


def of_own_class() -> bytes:
    hooks = symbol("collections", "OrderedDict") + b")R"
    parts = row(storage("0", 1), b"K\x00", row(b"K\x01"), row(b"K\x01"), b"\x89", hooks)
    rebuild = symbol("torch._utils", "_rebuild_tensor_v2")
    return call("torch._tensor", "_rebuild_from_type_v2", rebuild, symbol("pkg", "Mine"), parts, b"N")


# ---- state_dict


def net() -> Any:
    """Parameters, buffers of both sorts, what is None, and children that are, too."""
    from torch import nn, ones

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_parameter("absent", None)
            self.register_buffer("none", None)
            self.register_buffer("scratch", ones(1), persistent=False)
            self.scale = nn.Parameter(ones(1))
            self.register_buffer("steps", ones(1))
            self.body = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.BatchNorm1d(1))
            self.gone = None
            self.ema = {"not": ones(1)}

        def forward(self, x: Any) -> Any:
            return self.body(x) * self.scale

    Net.__qualname__, Net.__module__ = "Net", "golden"
    types.ModuleType.__setattr__(sys.modules.setdefault("golden", types.ModuleType("golden")), "Net", Net)
    return Net()


def graph_module() -> Any:
    from torch import fx, nn

    return fx.symbolic_trace(nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1)))


def script_module() -> Any:
    from torch import jit, nn

    return jit.script(nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1)))


def shared_modules() -> Any:
    from torch import nn

    layer = nn.Linear(1, 1)
    tied = nn.Linear(1, 1)
    tied.weight = layer.weight
    return nn.Sequential(layer, layer, tied)


def inside_itself() -> Any:
    from torch import nn

    inner = nn.Sequential(nn.Linear(1, 1))
    inner[0].add_module("above", inner)
    return nn.Sequential(inner)


def optimizer() -> Any:
    import torch

    weight = torch.nn.Parameter(torch.ones(1))
    found = torch.optim.Adam([weight])
    weight.sum().backward()
    found.step()
    return found


def of_torch(make: Callable[[Any], Any]) -> Case:
    def case() -> Any:
        import torch

        return make(torch)

    return case


def arrays(make: Callable[[Any], Any]) -> Case:
    def case() -> Any:
        import numpy

        return make(numpy)

    return case


def of_bytes(content: bytes) -> Case:
    return lambda: file(content)


STATE_DICT: dict[str, Case] = {
    "plain": of_torch(lambda t: {"b": t.ones(1), "step": 3, "a": t.ones(1)}),
    "parameters": of_torch(lambda t: {"w": t.nn.Parameter(t.ones(1))}),
    "ordered": of_torch(lambda t: t.nn.BatchNorm1d(1).state_dict()),
    "nested_key": of_torch(lambda t: {"epoch": 1, "state_dict": {"w": t.ones(1)}}),
    "every_key": of_torch(lambda t: {"own": t.ones(1)} | {key: {f"in_{key}": t.ones(1)} for key in KEYS[::-1]}),
    **{
        f"from_{first}_on": of_torch(
            lambda t, i=i: {"own": t.ones(1)} | {key: {f"in_{key}": t.ones(1)} for key in KEYS[i:][::-1]}
        )
        for i, first in enumerate(KEYS)
        if i
    },
    "key_without_tensors": of_torch(lambda t: {"state_dict": {}, "model": "resnet", "net": {"w": t.ones(1)}}),
    "other_key": of_torch(lambda t: {"my_model": {"w": t.ones(1)}}),
    "key_with_sparse_only": of_torch(lambda t: {"model": {"s": t.ones(1).to_sparse()}, "own": t.ones(1)}),
    "key_in_object": of_bytes(thing("pkg.Run", model=mapping(w=W))),
    "key_in_namespace": of_torch(lambda t: types.SimpleNamespace(model={"w": t.ones(1)})),
    "module": net,
    "module_under_key": lambda: {"model": net()},
    "module_without_tensors": of_torch(lambda t: t.nn.ReLU()),
    "shared_modules": shared_modules,
    "graph_module": graph_module,
    "graph_module_inside": of_torch(lambda t: t.nn.Sequential(graph_module())),
    "script_module": script_module,
    "lazy_module": of_torch(lambda t: t.nn.LazyLinear(1)),
    "lazy": of_torch(lambda t: {"w": t.nn.UninitializedParameter()}),
    "inside_itself": inside_itself,
    "optimizer": optimizer,
    "optimizer_state": lambda: optimizer().state_dict(),
    "sparse": of_torch(lambda t: {"w": t.ones(1), "s": t.ones(1).to_sparse()}),
    "damaged": of_bytes(mapping(w=W, x=far_tensor())),
    "own_class": of_bytes(mapping(w=W, mine=of_own_class())),
    "distributed": of_bytes(mapping(part=thing("torch.distributed.tensor.DTensor", _local_tensor=W))),
    "int_keys": of_torch(lambda t: {0: t.ones(1), -7: t.ones(1)}),
    "bytes_keys": of_torch(lambda t: {b"w": t.ones(1)}),
    "bytes_usual_key": of_torch(lambda t: {b"model": {b"w": t.ones(1)}}),
    "two_keys_of_one_name": of_torch(lambda t: {3: t.ones(1), "3": t.ones(1)}),
    "same_key_twice": of_bytes(mapping(text("w"), b"K\x01", text("v"), W, text("w"), W)),
    "tuple_key": of_torch(lambda t: {"w": t.ones(1), ("a", 1): t.ones(1)}),
    "bool_key": of_torch(lambda t: {True: t.ones(1)}),
    "large_key": of_torch(lambda t: {1 << 70: t.ones(1)}),
    "tuple_key_of_no_weight": of_torch(lambda t: {"w": t.ones(1), ("a", 1): 3}),
    "no_tensors": lambda: {"epoch": 1},
    "empty": dict,
    "list": of_torch(lambda t: [t.ones(1)]),
    "tensor": of_torch(lambda t: t.ones(1)),
    "arrays": arrays(lambda np: {"w": np.ones(1), "epoch": 1}),
    "arrays_beside": lambda: arrays(lambda np: of_torch(lambda t: {"w": t.ones(1), "a": np.ones(1)})())(),
    "extra_state": of_torch(lambda t: {"w": t.ones(1), "body._extra_state": 3}),
    "config": of_bytes(mapping(model=made("easydict.EasyDict") + mapping(w=W)[1:])),
    "config_made_from_dict": of_bytes(mapping(model=made("mmengine.config.config.ConfigDict", mapping(w=W)))),
    "config_with_content": of_bytes(mapping(model=thing("omegaconf.dictconfig.DictConfig", _content=mapping(w=W)))),
    "dict_of_own_class": of_bytes(made("pkg.Dict") + mapping(w=W)[1:]),
    "parameter_of_own_class": of_bytes(module(mapping(w=W, q=thing("pkg.Packed", bits=b"K\x04")))),
    "two_tensors_of_one_name": of_bytes(module(mapping(text("a.b"), W), children=mapping(a=module(mapping(b=W))))),
    "child_that_is_no_module": of_bytes(module(children=mapping(up=module(children=mapping(down=made("pkg.Odd")))))),
    "part_without_name": of_bytes(module(mapping(row(b"K\x01"), W))),
    "shared_16_times": of_bytes(sharing(module(mapping(w=W)), 4)),
    "shared_2_to_the_24": of_bytes(sharing(module(mapping(w=W)), 24)),
    "shared_2_to_the_60_without_tensors": of_bytes(sharing(module(), 60)),
}

# Those of which torch itself says the names.
MODULES = ("module", "module_without_tensors", "shared_modules", "graph_module", "graph_module_inside")
MODULES += ("script_module", "lazy_module", "inside_itself")


# ---- distributed tensors

PLACES = "torch.distributed.tensor.placement_types"


def shard(dim: int) -> bytes:
    return thing(f"{PLACES}.Shard", dim=number(dim))


def strided(dim: int, factor: int) -> bytes:
    return thing(f"{PLACES}._StridedShard", dim=number(dim), split_factor=number(factor))


def dense(key: str, kind: str, *sizes: int) -> bytes:
    strides = [1] * len(sizes)
    for i in range(len(sizes) - 1, 0, -1):
        strides[i - 1] = strides[i] * sizes[i]
    hooks = symbol("collections", "OrderedDict") + b")R"
    held = storage(key, {"ranks": 4, "local": 6}[key], kind)
    parts = (held, b"K\x00", row(*map(number, sizes)), row(*map(number, strides)), b"\x89", hooks)
    return call("torch._utils", "_rebuild_tensor_v2", *parts)


REPLICATE = made(f"{PLACES}.Replicate")
LOCAL = dense("local", "FloatStorage", 2, 3)
RANKS = dense("ranks", "LongStorage", 2, 2)
MESH = thing("torch.distributed.device_mesh.DeviceMesh", device_type=text("cuda"), mesh=RANKS, mesh_dim_names=b"N")
SPEC = "torch.distributed.tensor._dtensor_spec.DTensorSpec"


def mesh_of(names: bytes = b"N", **layout: bytes) -> bytes:
    """A mesh as torch 2.9 saves it."""
    held = thing("torch.distributed._mesh_layout._MeshLayout", **layout)
    name = "torch.distributed.device_mesh.DeviceMesh"
    return thing(name, _device_type=text("cpu"), _layout=held, _mesh_dim_names=names)


def flat(shape: bytes) -> bytes:
    return thing("torch.distributed._mesh_layout._FlatLayout", shape=shape)


def part(
    mesh: bytes = MESH,
    placements: bytes = row(shard(0), REPLICATE),
    local: bytes = LOCAL,
    shape: bytes = row(b"K\x04", b"K\x03"),
    name: str = "torch.distributed.tensor.DTensor",
) -> Case:
    cls = symbol(*name.rsplit(".", 1))
    layout = call("torch.serialization", "_get_layout", text("torch.strided"))
    device = call("torch", "device", text("cpu"))
    arguments = row(cls, symbol("torch", "float32"), shape, row(b"K\x03", b"K\x01"), b"K\x00", layout, device, b"\x89")
    state = row(b"N", mapping(_local_tensor=local, _spec=thing(SPEC, mesh=mesh, placements=placements)))
    rebuild = symbol("torch._utils", "_rebuild_wrapper_subclass")
    return of_bytes(call("torch._tensor", "_rebuild_from_type_v2", rebuild, cls, arguments, state))


def sparse() -> bytes:
    layout = call("torch.serialization", "_get_layout", text("torch.sparse_coo"))
    parts = row(dense("ranks", "LongStorage", 1, 1), dense("local", "FloatStorage", 1), row(b"K\x04"))
    return call("torch._utils", "_rebuild_sparse_tensor", layout, parts)


ONE = mesh_of(shape=row(b"K\x02"))

DISTRIBUTED: dict[str, Case] = {
    "rows": part(),
    "name_of_torch_2_3": part(name="torch.distributed._tensor.api.DTensor"),
    "columns": part(placements=row(REPLICATE, shard(1)), local=dense("local", "FloatStorage", 3, 2), shape=row(b"K\x03", b"K\x05")),
    "grid": part(placements=items(shard(0), shard(1))),
    "replicated": part(placements=row(REPLICATE, REPLICATE), shape=row(b"K\x02", b"K\x03")),
    "partial": part(ONE, row(thing(f"{PLACES}.Partial", reduce_op=text('s"um\n'))), shape=row(b"K\x02", b"K\x03")),
    "partial_of_torch_2_0": part(ONE, row(thing(f"{PLACES}._Partial")), shape=row(b"K\x02", b"K\x03")),
    "strided": part(placements=row(strided(0, 2), shard(0))),
    "named_mesh": part(mesh_of(row(text("dp"), text("t\x1bp")), shape=row(b"K\x02", b"K\x03"))),
    "axes": part(mesh_of(axes=row(flat(row(b"K\x02", b"K\x03")), flat(b"K\x04")))),
    "one_number": part(mesh_of(shape=b"K\x08"), row(shard(0))),
    "local_of_every_size": part(local=dense("local", "FloatStorage", 1, 3)),
    "no_tensor": of_bytes(thing("pkg.DTensor", _local_tensor=LOCAL)),
    "no_local": part(local=b"N"),
    "sparse_local": part(local=sparse()),
    "no_shape": of_bytes(thing("torch.distributed.tensor.DTensor", _local_tensor=LOCAL)),
    "negative_shape": part(shape=row(number(-4), b"K\x03")),
    "bool_in_shape": part(shape=row(b"\x88", b"K\x03")),
    "no_mesh": part(b"N"),
    "mesh_of_no_processes": part(mesh_of(shape=row(b"K\x00", b"K\x02"))),
    "mesh_of_bool": part(mesh_of(shape=row(b"\x88", b"K\x02"))),
    "axes_in_a_list": part(mesh_of(axes=items(flat(b"K\x02"), flat(b"K\x03")), shape=row(b"K\x02", b"K\x03"))),
    "names_of_another_mesh": part(mesh_of(row(text("dp")), shape=row(b"K\x02", b"K\x03"))),
    "too_few_placements": part(placements=row(shard(0))),
    "no_placements": part(placements=b"N"),
    "unknown_placement": part(placements=row(shard(0), made(f"{PLACES}.Mirror"))),
    "shard_of_no_dimension": part(placements=row(shard(2), REPLICATE)),
    "negative_shard": part(placements=row(shard(-1), REPLICATE)),
    "local_larger_than_the_whole": part(shape=row(b"K\x01", b"K\x03")),
    "local_of_another_whole": part(shape=row(b"K\x04", b"K\x05")),
    "local_of_other_dimensions": part(shape=row(b"K\x06")),
}


# ---- configs, named tuples, subclasses of containers


def config(content: bytes, kind: str = "DictConfig") -> bytes:
    return thing(f"omegaconf.{kind.lower()}.{kind}", _metadata=thing("omegaconf.base.ContainerMetadata"), _content=content)


def node(value: bytes, kind: str = "AnyNode") -> bytes:
    return thing(f"omegaconf.nodes.{kind}", _val=value)


def ends_in_itself(name: str, attribute: str) -> bytes:
    return made(name) + b"q\x01" + mapping(text(attribute), b"h\x01") + b"b"


CONTAINERS: dict[str, Case] = {
    "omegaconf": of_bytes(config(mapping(lr=node(b"K\x03", "IntegerNode"), layers=config(items(node(b"K\x01"), b"K\x02"), "ListConfig")))),
    "omegaconf_none": of_bytes(mapping(cfg=config(b"N"))),
    "omegaconf_interpolation": of_bytes(mapping(cfg=config(text("${other}")))),
    "omegaconf_missing": of_bytes(mapping(cfg=made("omegaconf.dictconfig.DictConfig"))),
    "omegaconf_empty": of_bytes(mapping(cfg=config(b"}"))),
    "omegaconf_union": of_bytes(mapping(cfg=thing("omegaconf.base.UnionNode", _content=node(b"K\x07")))),
    "node_inside_itself": of_bytes(mapping(cfg=ends_in_itself("omegaconf.nodes.AnyNode", "_val"))),
    "ml_collections": of_bytes(thing("ml_collections.config_dict.config_dict.ConfigDict", _fields=mapping(a=thing("ml_collections.config_dict.config_dict.FieldReference", _value=b"K\x05")))),
    "easydict": of_bytes(made("easydict.EasyDict") + mapping(a=b"K\x01", b=made("easydict.EasyDict") + mapping(c=b"K\x02")[1:])[1:]),
    "easydict_empty": of_bytes(mapping(cfg=made("easydict.EasyDict"))),
    "mmengine": of_bytes(made("mmengine.config.config.ConfigDict", mapping(a=b"K\x01"))),
    "mmengine_of_nothing": of_bytes(mapping(cfg=made("mmengine.config.config.ConfigDict"))),
    "box_list": of_bytes(thing("box.box_list.BoxList", items=items(b"K\x01"))),
    "member": of_bytes(mapping(kind=call("transformers.trainer_utils", "IntervalStrategy", text("steps")))),
    "member_of_own_class": of_bytes(mapping(kind=call("pkg", "Color", b"K\x01"))),
    "dict_of_own_class": of_bytes(made("pkg.Dict") + mapping(a=b"K\x01")[1:]),
    "list_of_own_class": of_bytes(made("pkg.List") + items(b"K\x01", b"K\x02")[1:]),
    "named_tuple": of_bytes(made("pkg.Point", b"K\x01", text("y"))),
    "named_tuple_of_one_list": of_bytes(made("pkg.One", items(b"K\x01"))),
    "named_tuple_inside": of_bytes(mapping(points=items(made("pkg.Point", b"K\x01", b"K\x02")))),
    "one_plain_value_is_no_named_tuple": of_bytes(mapping(x=made("pkg.Text", text("abc")))),
    "state_makes_no_named_tuple": of_bytes(mapping(x=made("pkg.Point", b"K\x01", b"K\x02") + mapping(z=b"K\x03") + b"b")),
    "a_call_makes_no_named_tuple": of_bytes(mapping(x=call("pkg", "Point", b"K\x01", b"K\x02"))),
    "object": of_bytes(mapping(x=thing("pkg.C", a=b"K\x01"))),
}


# ---- damaged values

ISSUES: dict[str, Case] = {
    "none": of_bytes(mapping(w=W)),
    "storage_missing": of_bytes(mapping(w=tensor("gone", 1))),
    "storage_short": of_bytes(mapping(w=tensor("0", 2))),
    "behind_its_storage": of_bytes(mapping(model=items(far_tensor()))),
    "odd_date": of_bytes(mapping(when=call("datetime", "date", b"C\x04\x07\xea\x0d\x01"))),
    "odd_key": of_bytes(mapping(text('caf\u00e9 "\n\u202e'), far_tensor())),
    "two": of_bytes(mapping(a=far_tensor(), b=tensor("gone", 1))),
}

TABLES = {"state_dict": STATE_DICT, "distributed": DISTRIBUTED, "containers": CONTAINERS, "issues": ISSUES}


def content_of(value: Any) -> bytes:
    import torch

    if isinstance(value, bytes):
        return value
    stream = io.BytesIO()
    if isinstance(value, torch.jit.ScriptModule):
        torch.jit.save(value, stream)
        return without_places(stream)
    torch.save(value, stream)
    return stream.getvalue()


def without_places(program: io.BytesIO) -> bytes:
    """A TorchScript program without the records that say where on this machine its source lies."""
    stream = io.BytesIO()
    with zipfile.ZipFile(program) as whole, zipfile.ZipFile(stream, "w") as out:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                out.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))
    return stream.getvalue()


def main() -> None:
    for table, cases in TABLES.items():
        (FOLDER / "files" / table).mkdir(parents=True, exist_ok=True)
        for name, case in cases.items():
            path = FOLDER / "files" / table / f"{name}.pt"
            if not path.exists() or f"{table}/{name}" in sys.argv:
                path.write_bytes(content_of(case()))


if __name__ == "__main__":
    main()
