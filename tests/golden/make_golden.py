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

SURE_KEYS = tuple(
    """state_dict model_state_dict model net module params_ema ema model_state model_weights network_weights
    net_state_dict network_state_dict""".split()
)
PART_KEYS = tuple(
    """params network weights weight pipeline best_state state model_ema ema_model state_dict_ema ema_state_dict g_ema
    G_ema generator_ema generator netG net_g G g teacher student discriminator netD net_d D d dino_loss
    augment_pipe""".split()
)
KEYS = SURE_KEYS + PART_KEYS
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


HOOKS = symbol("collections", "OrderedDict") + b")R"
PERSISTENT = ("torch_utils.persistence", "_reconstruct_persistent_obj")


def persistent() -> bytes:
    """A module as torch_utils.persistence of StyleGAN saves it, with another inside."""
    inner = mapping(_parameters=mapping(w=W), _buffers=b"}", _modules=b"}")
    parts = {"_buffers": mapping(w_avg=W), "_modules": mapping(mapping_net=call(*PERSISTENT, mapping(state=inner)))}
    outer = mapping(z_dim=b"K\x07", _parameters=mapping(w=W), **parts)
    meta = made("dnnlib.util.EasyDict") + mapping(type=text("class"), version=b"K\x06", state=outer)[1:]
    return call(*PERSISTENT, meta)


def method(cls: str, name: str) -> bytes:
    """A method of a class."""
    return symbol("builtins", "getattr") + row(symbol(*cls.rsplit(".", 1)), text(name)) + b"R"


def wrapper(name: str, **state: bytes) -> bytes:
    """A tensor of a class that wraps others."""
    cls = symbol(*name.rsplit(".", 1))
    layout = call("torch.serialization", "_get_layout", text("torch.strided"))
    shape, device = row(b"K\x01", b"K\x01"), call("torch", "device", text("cpu"))
    arguments = row(cls, symbol("torch", "bfloat16"), shape, shape, b"K\x00", layout, device, b"\x89")
    rebuild = symbol("torch._utils", "_rebuild_wrapper_subclass")
    return call("torch._tensor", "_rebuild_from_type_v2", rebuild, cls, arguments, mapping(qdata=W, scale=W, **state))


def dense(key: str, kind: str, *sizes: int) -> bytes:
    strides = [1] * len(sizes)
    for i in range(len(sizes) - 1, 0, -1):
        strides[i - 1] = strides[i] * sizes[i]
    hooks = symbol("collections", "OrderedDict") + b")R"
    held = storage(key, {"ranks": 4, "local": 6}[key], kind)
    parts = (held, b"K\x00", row(*map(number, sizes)), row(*map(number, strides)), b"\x89", hooks)
    return call("torch._utils", "_rebuild_tensor_v2", *parts)


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


def frozen(*kept: str) -> Any:
    from torch import jit, nn

    module = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)).eval()
    return jit.freeze(jit.script(module), preserved_attrs=list(kept))


def script_with_a_constant() -> Any:
    import torch

    class Scaled(torch.nn.Linear):
        def forward(self, given: Any) -> Any:
            return super().forward(given) * torch.tensor([2.0, 3.0])

    return torch.jit.trace(Scaled(1, 2), torch.ones(1, 1))


def script_of_constants() -> Any:
    import torch

    class Scale(torch.nn.Module):
        def forward(self, given: Any) -> Any:
            return given * torch.tensor([2.0, 3.0])

    return torch.jit.trace(Scale(), torch.ones(1, 2))


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


def quantized() -> Any:
    import torch

    linear = torch.ao.nn.quantized.dynamic.Linear(2, 2)
    return torch.nn.Sequential(linear, torch.nn.Linear(1, 1)).state_dict()


def optimizer(size: int = 1) -> Any:
    import torch

    weight = torch.nn.Parameter(torch.ones(size))
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
        for i, first in enumerate((*SURE_KEYS, "params"))
        if i
    },
    "last_keys": of_torch(lambda t: {key: {f"in_{key}": t.ones(1)} for key in KEYS[-2:][::-1]}),
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
    "script_frozen": frozen,
    "script_frozen_in_part": lambda: frozen("0"),
    "script_with_a_constant": script_with_a_constant,
    "script_of_constants": script_of_constants,
    "lazy_module": of_torch(lambda t: t.nn.LazyLinear(1)),
    "lazy": of_torch(lambda t: {"w": t.nn.UninitializedParameter()}),
    "inside_itself": inside_itself,
    # ---- what can be meant
    "two_other_keys": of_torch(lambda t: {"a": {"w": t.ones(2)}, "b": {"w": t.ones(2)}}),
    "usual_key_beside_another": of_torch(lambda t: {"a": {"v": t.ones(2)}, "model": {"w": t.ones(2)}}),
    "usual_key_twice": of_torch(lambda t: {"model": {"w": t.ones(2)}, b"model": {"v": t.ones(2)}}),
    "part_beside_another": of_torch(lambda t: {"kp_detector": {"v": t.ones(2)}, "generator": {"w": t.ones(2)}}),
    "number_key": of_torch(lambda t: {7: {"w": t.ones(2)}}),
    "tuple_as_key": of_torch(lambda t: {("a", 1): {"w": t.ones(2)}, "b": {"w": t.ones(2)}}),
    "in_tuple": of_torch(lambda t: (3, {"w": t.ones(2)})),
    "in_list": of_torch(lambda t: [{"w": t.ones(2)}, t.ones(2), None]),
    "two_in_list": of_torch(lambda t: [{"w": t.ones(2)}, {"w": t.ones(2)}]),
    "in_object": of_bytes(thing("pkg.Run", epoch=b"K\x01", mine=mapping(w=W))),
    "in_namespace": of_torch(lambda t: types.SimpleNamespace(epoch=1, mine={"w": t.ones(2)})),
    "score_beside": of_torch(lambda t: {"mine": {"w": t.ones(2)}, "best": t.tensor(0.5)}),
    "scores_beside": of_torch(lambda t: {"mine": {"w": t.ones(2)}, "best": {"loss": t.ones(1), "top1": t.ones(1)}}),
    "scores_under_usual_key": of_torch(lambda t: {"model": {"best": t.ones(1)}, "mine": {"w": t.ones(2)}}),
    "scores_beside_own": of_torch(lambda t: {"w": t.ones(2), "best": {"loss": t.ones(1)}}),
    "scores_alone": of_torch(lambda t: {"a": {"loss": t.ones(1)}, "b": {"loss": t.ones(1)}}),
    "score_beside_scores": of_torch(lambda t: {"log_alpha": t.ones(1), "a": {"loss": t.ones(1)}}),
    "score_beside_two": of_torch(lambda t: {"actor": {"w": t.ones(2)}, "critic": {"w": t.ones(2)}, "log_alpha": t.ones(1)}),
    "own_beside_another": of_torch(lambda t: {"pos": t.ones(2), "encoder": {"w": t.ones(2)}}),
    "own_beside_usual": of_torch(lambda t: {"pos": t.ones(2), "model": {"w": t.ones(2)}}),
    "own_beside_module": of_torch(lambda t: {"pos": t.ones(2), "encoder": t.nn.Linear(1, 2)}),
    "gan": of_torch(lambda t: {"g": {"g": t.ones(2)}, "d": {"d": t.ones(2)}, "g_ema": {"w": t.ones(2)}, "latent_avg": t.ones(4)}),
    "dino": of_torch(lambda t: {"student": {"s": t.ones(2)}, "teacher": {"w": t.ones(2)}, "dino_loss": {"center": t.ones(1, 4)}}),
    "ema_beside": of_torch(lambda t: {"ema": {"e": t.ones(2)}, "model": {"w": t.ones(2)}, "epoch": 3}),
    "ema_instead": of_torch(lambda t: {"model": None, "ema": {"w": t.ones(2)}}),
    "training": of_torch(
        lambda t: {
            "mine": {"w": t.ones(2)},
            "optimizer": optimizer(2).state_dict(),
            "opt_g": optimizer(2).state_dict(),
            "random_state": {"torch": t.ones(16, dtype=t.uint8)},
            "momentum_of_optimizer": {"w": t.ones(2)},
            "lr_scheduler": {"last": t.ones(2)},
            "rng_state": t.ones(16, dtype=t.uint8),
            "cuda_rng_states": [t.ones(16, dtype=t.uint8)],
        }
    ),
    "optimizer_beside_own": of_torch(lambda t: {"w": t.ones(2), "opt": optimizer(2).state_dict()}),
    "histories_beside": of_torch(lambda t: {"mine": {"w": t.ones(2)}, "history": {"train": {"loss": [t.ones(1)]}}}),
    "norms_beside_two_levels": of_torch(lambda t: {"norm": {"mean": t.ones(3)}, "nets": {"a": {"w": t.ones(2)}}}),
    "usual_beside_two_levels": of_torch(lambda t: {"model": {"w": t.ones(3)}, "nets": {"a": {"w": t.ones(2)}}}),
    "part_beside_two_levels": of_torch(lambda t: {"params": {"w": t.ones(3)}, "nets": {"a": {"w": t.ones(2)}}}),
    "number_inside_two_levels": of_torch(lambda t: {"agent": {"log_alpha": t.ones(1), "ac": {"w": t.ones(2)}}}),
    "training_further_down": of_torch(
        lambda t: {"mine": {"w": t.ones(2)}, "run": collections.OrderedDict(step=1, optimizer={"w": t.ones(2)})}
    ),
    "training_alone": of_torch(lambda t: {"optimizer": {"w": t.ones(2)}}),
    "one_module_with_weights": of_torch(lambda t: {"loss": t.nn.ReLU(), "mine": t.nn.Linear(1, 1)}),
    "two_modules": of_torch(lambda t: {"a": t.nn.Linear(1, 1), "b": t.nn.Linear(1, 1)}),
    "empty_dicts": lambda: {"state_dict": {}, "model": {}},
    "two_levels": of_torch(lambda t: {"nets": {"a": {"w": t.ones(2)}}}),
    "counter_beside_two_levels": of_torch(lambda t: {"step": t.ones(1), "nets": {"a": {"w": t.ones(2)}}}),
    "own_beside_two_levels": of_torch(lambda t: {"w": t.ones(2), "nets": {"a": {"w": t.ones(2)}}, "note": {"a": [1]}}),
    "arrays_beside_two_levels": lambda: arrays(lambda np: of_torch(lambda t: {"nets": {"a": {"w": t.ones(2)}}, "mean": {"x": np.ones(2)}})())(),
    "inside_weights": of_torch(lambda t: {"state_dict": {"w": t.ones(2), "head": {"w": t.ones(2)}, "tag": {"a": 1}}}),
    "list_inside_weights": of_torch(lambda t: {"w": t.ones(2), "history": [t.ones(1)], "lrs": [0.5]}),
    "shared_by_others": of_bytes(
        mapping(text("a"), b"]q\x01", text("w"), dense("local", "FloatStorage", 2), text("b"), items(b"h\x01", W), text("c"), items(b"h\x01"))
    ),
    "places": of_torch(
        lambda t: {
            "nets": {"g": {"w": t.ones(2)}, "d.x": {"v": t.ones(2)}, "all": [None, {"u": t.ones(2)}]},
            "nets.d": {"t": t.ones(2)},
            "none": None,
            b"old": {b"s": t.ones(2)},
            7: {"r": t.ones(1)},
            "empty": {},
            "run": types.SimpleNamespace(net={"q": t.ones(2)}),
            'odd "\n': {"p": t.ones(2)},
            "own": t.ones(2),
        }
    ),
    "wrapped": of_torch(
        lambda t: {
            name: t.ones(2)
            for name in (
                "module._orig_mod.a",
                "_orig_mod.module.b",
                "layers.0._fsdp_wrapped_module._checkpoint_wrapped_module.c",
                "x_orig_mod.d",
                "module.module.e",
                "f",
            )
        }
    ),
    "wrapped_twice": of_torch(lambda t: {"a.b": t.ones(2), "a._orig_mod.b": t.ones(2)}),
    "optimizer": optimizer,
    "optimizer_state": lambda: optimizer().state_dict(),
    "sparse": of_torch(lambda t: {"w": t.ones(1), "s": t.ones(1).to_sparse()}),
    "damaged": of_bytes(mapping(w=W, x=far_tensor())),
    "own_class": of_bytes(mapping(w=W, mine=of_own_class())),
    "distributed": of_bytes(mapping(part=thing("torch.distributed.tensor.DTensor", _local_tensor=W))),
    "wrapper": of_bytes(mapping(w=W, q=wrapper("pkg.Int8Tensor"))),
    "wrappers_alone": of_bytes(mapping(q=wrapper("pkg.Int8Tensor"))),
    "wrapper_under_key": of_bytes(mapping(mine=mapping(q=wrapper("pkg.Int8Tensor")))),
    "parameter_of_wrapper": of_bytes(mapping(w=W, q=call("torch._utils", "_rebuild_parameter", wrapper("pkg.Int8Tensor"), b"\x88", HOOKS))),
    "made_by_method": of_bytes(mapping(q=method("pkg.Float8Tensor", "_make_in_reduce_ex") + row(W, b"K\x01") + b"R")),
    "sharded": of_bytes(mapping(q=made("torch.distributed._shard.sharded_tensor.api.ShardedTensor") + row(items(W), b"N") + b"b")),
    "counter_beside_record": of_bytes(mapping(w=W, q=thing("pkg.Trainer", parts=items(dense("local", "FloatStorage", 2))))),
    "object_of_protocol_0": of_bytes(mapping(w=W, q=call("copy_reg", "_reconstructor", symbol("pkg", "C"), symbol("__builtin__", "object"), b"N"))),
    "record_with_tensors": of_bytes(mapping(w=dense("local", "FloatStorage", 2), q=thing("pkg.Packed", parts=items(W)), n=thing("pkg.Packed", parts=b"N"))),
    "quantized": quantized,
    "int_keys": of_torch(lambda t: {0: t.ones(1), -7: t.ones(1)}),
    "bytes_keys": of_torch(lambda t: {b"w": t.ones(1)}),
    "bytes_usual_key": of_torch(lambda t: {b"model": {b"w": t.ones(1)}}),
    "bytes_and_text_keys": of_torch(lambda t: {"w": t.ones(1), b"b": t.ones(1)}),
    "bytes_and_text_of_one_name": of_torch(lambda t: {"w": t.ones(1), b"w": t.ones(1)}),
    "bytes_that_are_no_text": of_torch(lambda t: {"w": t.ones(1), b"\xff": t.ones(1)}),
    "none_key": of_torch(lambda t: {None: t.ones(1)}),
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
    "extra_state_with_tensors": of_torch(lambda t: {"w": t.ones(2), "body._extra_state": {"scale": t.ones(2)}}),
    "config": of_bytes(mapping(model=made("easydict.EasyDict") + mapping(w=W)[1:])),
    "config_made_from_dict": of_bytes(mapping(model=made("mmengine.config.config.ConfigDict", mapping(w=W)))),
    "config_with_content": of_bytes(mapping(model=thing("omegaconf.dictconfig.DictConfig", _content=mapping(w=W)))),
    "dict_of_own_class": of_bytes(made("pkg.Dict") + mapping(w=W)[1:]),
    "parameter_of_own_class": of_bytes(module(mapping(w=W, q=thing("pkg.Packed", bits=b"K\x04")))),
    "two_tensors_of_one_name": of_bytes(module(mapping(text("a.b"), W), children=mapping(a=module(mapping(b=W))))),
    "child_that_is_no_module": of_bytes(module(children=mapping(up=module(children=mapping(down=made("pkg.Odd")))))),
    "persistent": of_bytes(persistent()),
    "persistent_under_key": of_bytes(mapping(D=persistent(), G=persistent(), G_ema=persistent())),
    "persistent_without_state": of_bytes(call(*PERSISTENT, mapping(type=text("class"), state=mapping(w=W)))),
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
    "graph": of_bytes(thing("torch_geometric.data.data.Data", _store=thing("torch_geometric.data.storage.GlobalStorage", _mapping=mapping(x=b"K\x01")))),
    "graph_without_storage": of_bytes(mapping(graph=thing("torch_geometric.data.data.Data", y=b"K\x01"))),
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
