"""Kinds of value: small values, classes, modules and optimizers of torch."""

from __future__ import annotations

import io
from typing import Any, Callable

import torch
from kind import Kind, inert, opaque
from kinds_tensor import MESH, mesh, ramp
from kinds_user import plus_one

nn = torch.nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        self.register_buffer("seen", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)


class Schedule:
    """A learning rate that a user's own object computes."""

    def __init__(self) -> None:
        self.decay = 0.5

    def __call__(self, epoch: int) -> float:
        return self.decay**epoch


class StorageInBytes:
    """What plain pickle makes of a storage: a whole checkpoint of the old layout inside bytes."""

    def __init__(self, storage: Any) -> None:
        self.storage = storage

    def __reduce__(self) -> Any:
        stream = io.BytesIO()
        torch.save(self.storage, stream, _use_new_zipfile_serialization=False)
        return torch.storage._load_from_bytes, (stream.getvalue(),)


def unbacked_symbol() -> Any:
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    return ShapeEnv().create_unbacked_symint()


def packed_weights() -> Any:
    weight = torch.quantize_per_tensor(ramp(2, 2), 0.1, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(weight, torch.zeros(2))


def traced() -> Any:
    import torch.fx

    return torch.fx.symbolic_trace(nn.Linear(1, 1))


def scaler() -> Any:
    return torch.amp.GradScaler("cpu", enabled=True)


# A symbolic size holds all that its shape environment knows.
SYMBOL = (
    "torch.SymInt",
    "torch.fx.experimental.sym_node.SymNode",
    "torch.fx.experimental.symbolic_shapes.ShapeEnv",
    "torch.fx.experimental.symbolic_shapes.ShapeEnvSettings",
    "torch.fx.experimental.symbolic_shapes.ValueRangesSLoc",
    "torch.utils._ordered_set.OrderedSet",
    "torch.utils._sympy.numbers.IntInfinity",
    "torch.utils._sympy.numbers.NegativeIntInfinity",
    "torch.utils._sympy.value_ranges.ValueRanges",
    "torch.utils._traceback.CapturedTraceback",
    "torch._guards.SLoc",
    "sympy.core.symbol.Symbol",
    "traceback.FrameSummary",
    "logging.getLogger",
)

TORCH = {
    "Size": lambda: torch.Size([2, 0, 3]),
    "dtype": lambda: torch.bfloat16,
    "dtype float8": lambda: torch.float8_e5m2,
    "dtype quint8": lambda: torch.quint8,
    "device": lambda: torch.device("cpu"),
    "device index": lambda: torch.device("cuda", 1),
    "layout": lambda: torch.sparse_csr,
    "layout jagged": lambda: torch.jagged,
    "qscheme": lambda: torch.per_channel_affine,
    "Generator": lambda: _drawn(torch.Generator()),
    "Generator state": lambda: _drawn(torch.Generator()).get_state(),
    "get_rng_state": torch.get_rng_state,
    "FloatStorage": lambda: ramp(3).storage(),
    "BoolStorage": lambda: torch.tensor([True, False]).storage(),
    "UntypedStorage": lambda: ramp(3).untyped_storage(),
    "TorchVersion": lambda: torch.__version__,
    "return_types max": opaque(lambda: torch.max(ramp(2, 3), 0), "torch.return_types.max"),
    "SymInt": opaque(unbacked_symbol, *SYMBOL),
    "Tensor class": lambda: torch.Tensor,
    "function relu": inert(lambda: torch.relu, "AttrRef .relu", "GlobalRef torch._C._VariableFunctionsClass"),
    "function F relu": inert(lambda: nn.functional.relu, "GlobalRef torch.nn.functional.relu"),
    "function gelu": inert(lambda: nn.functional.gelu, "GlobalRef torch._C._nn.gelu"),
    "distribution": opaque(
        lambda: torch.distributions.Normal(ramp(1), torch.ones(1)), "torch.distributions.normal.Normal"
    ),
    "PackedSequence": opaque(
        lambda: nn.utils.rnn.pack_sequence([ramp(2), ramp(1)]), "torch.nn.utils.rnn.PackedSequence"
    ),
    "ScriptObject": opaque(packed_weights, "torch.ScriptObject"),
    "fx GraphModule": inert(
        traced,
        "Opaque torch.fx.graph_module.reduce_graph_module",
        "GlobalRef torch.fx._symbolic_trace.Tracer",
    ),
    "TensorDataset": opaque(
        lambda: torch.utils.data.TensorDataset(ramp(2)), "torch.utils.data.dataset.TensorDataset"
    ),
    "GradScaler": inert(
        scaler,
        "Opaque torch.amp.grad_scaler.GradScaler",
        "dict",
        refused=("torch.amp.grad_scaler.GradScaler", "torch.amp.grad_scaler._refresh_per_optimizer_state"),
    ),
    "GradScaler state": lambda: scaler().state_dict(),
    "load_from_bytes": Kind(
        lambda: StorageInBytes(ramp(3).storage()), keep=lambda value, protocol: value.storage
    ),
    "DeviceMesh": opaque(mesh, *MESH, refused=()),
}


def _drawn(generator: torch.Generator) -> torch.Generator:
    generator.manual_seed(23)
    torch.rand(5, generator=generator)
    return generator


def tied() -> nn.Module:
    made = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    made[1].weight = made[0].weight
    return made


def hooked() -> nn.Module:
    made = nn.Linear(1, 1)
    made.register_forward_hook(plus_one)
    return made


def weight_normed() -> nn.Module:
    return nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))


def quantized_linear() -> nn.Module:
    made = torch.ao.nn.quantized.Linear(2, 2)
    made.set_weight_bias(torch.quantize_per_tensor(ramp(2, 2), 0.1, 0, torch.qint8), ramp(2))
    return made


LINEAR, CHAIN, RELU = "linear.Linear", "container.Sequential", "activation.ReLU"


def names_of(*modules: str) -> list[str]:
    return [f"torch.nn.modules.{name}" for name in modules]


def module(make: Callable[[], Any], *modules: str) -> Kind:
    return opaque(make, *names_of(*modules))


NN = {
    "state_dict": lambda: Net().state_dict(),
    "state_dict with grad": lambda: Net().state_dict(keep_vars=True),
    "Linear": module(lambda: nn.Linear(2, 3), LINEAR),
    "Sequential": module(lambda: nn.Sequential(nn.Linear(1, 2), nn.ReLU()), CHAIN, LINEAR, RELU),
    "user module": opaque(Net, "kinds_torch.Net", *names_of(CHAIN, LINEAR, RELU)),
    "tied": module(tied, CHAIN, LINEAR),
    "hooked": inert(hooked, f"Opaque {names_of(LINEAR)[0]}", "GlobalRef kinds_user.plus_one"),
    "LSTM": module(lambda: nn.LSTM(1, 2), "rnn.LSTM"),
    "LazyLinear": inert(
        lambda: nn.LazyLinear(2),
        "Opaque torch.nn.modules.linear.LazyLinear",
        "Opaque torch.nn.modules.module._WrappedHook",
        "Opaque torch.utils.hooks.RemovableHandle",
        "AttrRef ._infer_parameters",
        "AttrRef ._lazy_load_hook",
    ),
    "Embedding": module(lambda: nn.Embedding(3, 2, padding_idx=0), "sparse.Embedding"),
    "MultiheadAttention": module(
        lambda: nn.MultiheadAttention(2, 1),
        "activation.MultiheadAttention",
        "linear.NonDynamicallyQuantizableLinear",
    ),
    "ModuleList": module(
        lambda: nn.ModuleList([nn.ReLU(), nn.Tanh()]), "container.ModuleList", RELU, "activation.Tanh"
    ),
    "ParameterDict": module(lambda: nn.ParameterDict({"a": ramp(1)}), "container.ParameterDict"),
    "DataParallel": opaque(
        lambda: nn.DataParallel(nn.Linear(1, 1)),
        "torch.nn.parallel.data_parallel.DataParallel",
        *names_of(LINEAR),
    ),
    "weight norm state": lambda: weight_normed().state_dict(),
    "AveragedModel": opaque(
        lambda: torch.optim.swa_utils.AveragedModel(nn.Linear(1, 1)),
        "torch.optim.swa_utils.AveragedModel",
        *names_of(LINEAR),
    ),
    "quantized Linear": opaque(
        quantized_linear,
        "torch.ao.nn.quantized.modules.linear.Linear",
        "torch.ao.nn.quantized.modules.linear.LinearPackedParams",
        "torch.ScriptObject",
    ),
    "quantized Linear state": lambda: quantized_linear().state_dict(),
}


def trained(name: str = "Adam", **options: Any) -> Any:
    """An optimizer after one step, so that it has a state."""
    net = nn.Linear(2, 1)
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.1, **options)
    net(ramp(1, 2)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    return optimizer


def schedule(name: str, **options: Any) -> Any:
    return getattr(torch.optim.lr_scheduler, name)(trained(), **options)


def state_of(name: str, **options: Any) -> Callable[[], Any]:
    return lambda: schedule(name, **options).state_dict()


def sequential() -> Any:
    optimizer = trained()
    rates = torch.optim.lr_scheduler
    steps = [rates.ConstantLR(optimizer, total_iters=2), rates.StepLR(optimizer, 3)]
    return rates.SequentialLR(optimizer, steps, milestones=[2])


def checkpoint() -> dict[str, Any]:
    """What a training loop saves."""
    return {
        "model": Net().state_dict(),
        "optimizer": trained("AdamW").state_dict(),
        "scheduler": schedule("StepLR", step_size=2).state_dict(),
        "epoch": 3,
        "loss": 0.25,
        "rng": torch.get_rng_state(),
        "args": {"lr": 0.1, "size": torch.Size([1])},
    }


OPTIM = {
    "SGD": opaque(lambda: trained("SGD"), "torch.optim.sgd.SGD"),
    "Adam": opaque(trained, "torch.optim.adam.Adam"),
    "Adam state": lambda: trained().state_dict(),
    "SGD momentum state": lambda: trained("SGD", momentum=0.9).state_dict(),
    "AdamW state": lambda: trained("AdamW").state_dict(),
    "LBFGS state": lambda: torch.optim.LBFGS(nn.Linear(1, 1).parameters()).state_dict(),
    "Adagrad state": lambda: trained("Adagrad").state_dict(),
    "Adafactor state": lambda: trained("Adafactor").state_dict(),
    "StepLR": opaque(
        lambda: schedule("StepLR", step_size=2), "torch.optim.lr_scheduler.StepLR", "torch.optim.adam.Adam"
    ),
    "StepLR state": state_of("StepLR", step_size=2),
    "LambdaLR state": state_of("LambdaLR", lr_lambda=lambda epoch: 1.0),
    "LambdaLR callable state": state_of("LambdaLR", lr_lambda=Schedule()),
    "OneCycleLR state": state_of("OneCycleLR", max_lr=1.0, total_steps=5),
    "CosineAnnealingLR state": state_of("CosineAnnealingLR", T_max=3),
    "MultiStepLR state": state_of("MultiStepLR", milestones=[1, 1, 2]),
    "ReduceLROnPlateau state": lambda: schedule("ReduceLROnPlateau").state_dict(),
    "SequentialLR state": lambda: sequential().state_dict(),
    "CyclicLR state": state_of("CyclicLR", base_lr=0.1, max_lr=0.2, cycle_momentum=False),
    "checkpoint": checkpoint,
}
