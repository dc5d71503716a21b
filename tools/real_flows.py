"""What real packages save, opened where they are not installed: the values are the same.

    python tools/real_flows.py --packages PYTHON [--keep FOLDER] [--only FLOW]

PYTHON is one of an environment that has the packages (`script/flows` makes it): there each flow trains or builds
something small, saves it as its users do, and writes down what its weights are. Here, without the packages, the files are
opened by safe_load, and every value is compared, bit by bit. A flow whose package is missing there is named as skipped.
Ends with 1 if a value differs, or if nothing was compared.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import traceback
from typing import Any, Callable

Arrays = dict[str, Any]  # by name


@dataclasses.dataclass
class Flow:
    name: str
    package: str
    save: Callable[[pathlib.Path], Arrays]  # there
    read: Callable[[pathlib.Path], Arrays]  # here


def arrays_of(tensors: Any) -> Arrays:
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def named(prefix: str, values: Arrays) -> Arrays:
    return {f"{prefix}/{name}": value for name, value in values.items()}


# ---- transformers, and PEFT on top of it


def tiny_model() -> Any:
    import transformers

    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=32, n_positions=16, bos_token_id=0, eos_token_id=0)
    return transformers.GPT2LMHeadModel(config)


def save_trainer(folder: pathlib.Path) -> Arrays:
    import torch
    import transformers

    model = tiny_model()
    rows = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(4)]
    arguments = transformers.TrainingArguments(str(folder / "run"), max_steps=2, save_steps=2, per_device_train_batch_size=2, learning_rate=1e-3,
                                               report_to=[], use_cpu=True, disable_tqdm=True)
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=rows)
    trainer.train()
    states = trainer.optimizer.state_dict()["state"]
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}  # tied
    moments = {f"{number}.{key}": value for number, state in states.items() for key, value in state.items()}
    return {**named("model", arrays_of(weights)), **named("optimizer", arrays_of(moments)), "rate": arguments.learning_rate,
            "strategy": arguments.save_strategy.value}


def read_trainer(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load, state_dict

    run = folder / "run" / "checkpoint-2"
    states = safe_load(run / "optimizer.pt")["state"]
    moments = {f"{number}.{key}": value for number, state in states.items() for key, value in state.items()}
    arguments = safe_load(run / "training_args.bin", unknown="opaque")
    assert safe_load(run / "rng_state.pth").keys() >= {"python", "numpy", "cpu"}
    return {**named("model", arrays_of(state_dict(run))), **named("optimizer", arrays_of(moments)), "rate": arguments.learning_rate,
            "strategy": arguments.save_strategy}


def save_adapter(folder: pathlib.Path) -> Arrays:
    import peft
    import torch

    model = peft.get_peft_model(tiny_model(), peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True))
    model.save_pretrained(folder / "adapter")
    weights = peft.get_peft_model_state_dict(model)
    torch.save({"adapter": weights, "config": model.peft_config["default"]}, folder / "adapter.bin")
    return {**named("folder", arrays_of(weights)), **named("file", arrays_of(weights)), "rank": 2}


def read_adapter(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load, state_dict

    whole = safe_load(folder / "adapter.bin", unknown="opaque")
    return {**named("folder", arrays_of(state_dict(folder / "adapter"))), **named("file", arrays_of(whole["adapter"])), "rank": whole["config"].r}


# ---- Lightning


def save_lightning(folder: pathlib.Path) -> Arrays:
    import argparse as arguments

    import lightning
    import torch

    class Net(lightning.LightningModule):
        def __init__(self, options: Any, width: int = 4) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def training_step(self, batch: Any, number: int) -> Any:
            return self.layer(batch).sum()

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(self.parameters(), lr=0.1)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    net = Net(arguments.Namespace(path=pathlib.Path("a/b"), rate=0.1))
    best = lightning.pytorch.callbacks.ModelCheckpoint(folder, filename="last", every_n_train_steps=1)
    trainer = lightning.Trainer(max_steps=2, accelerator="cpu", logger=False, callbacks=[best], enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(net, torch.utils.data.DataLoader(torch.randn(4, 4), batch_size=2))
    trainer.save_checkpoint(folder / "net.ckpt")
    return {**named("weights", arrays_of(net.state_dict())), "rate": 0.1, "width": 4, "step": trainer.global_step}


def read_lightning(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load, state_dict

    whole = safe_load(folder / "net.ckpt")
    held = whole["hyper_parameters"]
    return {**named("weights", arrays_of(state_dict(folder / "net.ckpt"))), "rate": held["options"].rate, "width": held["width"],
            "step": whole["global_step"]}


# ---- timm, torchao


def save_timm(folder: pathlib.Path) -> Arrays:
    import argparse as arguments

    import timm
    import torch
    from timm.utils import CheckpointSaver, ModelEmaV3

    model = timm.create_model("test_resnet", pretrained=False, num_classes=3)
    ema = ModelEmaV3(model)
    saver = CheckpointSaver(model, torch.optim.SGD(model.parameters(), 0.1), args=arguments.Namespace(model="test_resnet", lr=0.1), model_ema=ema,
                            checkpoint_dir=str(folder), recovery_dir=str(folder))
    saver.save_checkpoint(1, metric=0.5)
    return {**named("weights", arrays_of(model.state_dict())), **named("ema", arrays_of(ema.module.state_dict())), "metric": 0.5, "epoch": 1}


def read_timm(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load, state_dict

    (path,) = folder.glob("checkpoint-*.pth.tar")
    whole = safe_load(path)
    return {**named("weights", arrays_of(state_dict(path, key="state_dict"))), **named("ema", arrays_of(state_dict(path, key="state_dict_ema"))),
            "metric": whole["metric"], "epoch": whole["epoch"]}


def save_torchao(folder: pathlib.Path) -> Arrays:
    import torch
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    model = torch.nn.Sequential(torch.nn.Linear(32, 16))
    quantize_(model, Int8WeightOnlyConfig())
    torch.save(model.state_dict(), folder / "quantized.pt")
    weight, bias = model.state_dict().values()
    return {**named("parts", arrays_of({name: getattr(weight, name) for name in ("qdata", "scale")})), **arrays_of({"bias": bias})}


def read_torchao(folder: pathlib.Path) -> Arrays:
    from safe_load import state_dict

    weights = state_dict(folder / "quantized.pt")
    weight = weights["0.weight"]
    return {**named("parts", arrays_of({name: getattr(weight, name) for name in ("qdata", "scale")})), **arrays_of({"bias": weights["0.bias"]})}


# ---- graphs, agents, estimators, tables


def save_graph(folder: pathlib.Path) -> Arrays:
    import torch
    from torch_geometric.data import Batch, Data

    graphs = [Data(x=torch.randn(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([1.0])) for _ in range(2)]
    torch.save(graphs[0], folder / "graph.pt")
    torch.save(Batch.from_data_list(graphs), folder / "batch.pt")
    joined = Batch.from_data_list(graphs)
    return {**named("graph", arrays_of({"x": graphs[0].x, "edge_index": graphs[0].edge_index, "y": graphs[0].y})),
            **named("batch", arrays_of({"x": joined.x, "batch": joined.batch, "ptr": joined.ptr}))}


def read_graph(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load

    graph, joined = (safe_load(folder / name, unknown="opaque") for name in ("graph.pt", "batch.pt"))
    return {**named("graph", arrays_of({name: getattr(graph, name) for name in ("x", "edge_index", "y")})),
            **named("batch", arrays_of({name: getattr(joined, name) for name in ("x", "batch", "ptr")}))}


def save_agent(folder: pathlib.Path) -> Arrays:
    import stable_baselines3

    agent = stable_baselines3.PPO("MlpPolicy", "CartPole-v1", n_steps=8, batch_size=8, n_epochs=1, device="cpu")
    agent.learn(8)
    agent.save(folder / "agent")
    return {**named("policy", arrays_of(agent.policy.state_dict())), "gamma": agent.gamma}


def read_agent(folder: pathlib.Path) -> Arrays:
    import json
    import zipfile

    from safe_load import state_dict

    with zipfile.ZipFile(folder / "agent.zip") as archive:
        data = json.loads(archive.read("data"))
    return {**named("policy", arrays_of(state_dict(folder / "agent.zip"))), "gamma": data["gamma"]}


def save_estimators(folder: pathlib.Path) -> Arrays:
    import joblib
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    generator = np.random.default_rng(0)
    x, y = generator.random((40, 3)), np.arange(40) % 2
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    for name, compress in (("plain", 0), ("packed", 3)):
        joblib.dump(pipeline, folder / f"{name}.joblib", compress=compress)
    parts = {"mean": pipeline[0].mean_, "coef": pipeline[1].coef_, "classes": pipeline[1].classes_}
    return {**named("plain", parts), **named("packed", parts)}


def read_estimators(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load

    found: Arrays = {}
    for name in ("plain", "packed"):
        (_, scaler), (_, model) = safe_load(folder / f"{name}.joblib", unknown="opaque").steps
        found |= named(name, {"mean": scaler.mean_, "coef": model.coef_, "classes": model.classes_})
    return found


def save_table(folder: pathlib.Path) -> Arrays:
    import numpy as np
    import pandas

    columns = {"a": np.arange(5.0), "b": np.arange(5, dtype=np.int16), "c": np.array([True, False, True, False, True])}
    pandas.DataFrame(columns).to_pickle(folder / "table.pkl")
    return columns


def arrays_inside(value: Any, seen: set[int]) -> list[Any]:
    """Every array in what a record holds."""
    import numpy as np

    from safe_load import Opaque

    if id(value) in seen:
        return []
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return [value]
    parts: list[Any] = []
    if isinstance(value, Opaque):
        parts = [*value.args, *value.attributes().values()]
    elif isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    return [array for part in parts for array in arrays_inside(part, seen)]


def read_table(folder: pathlib.Path) -> Arrays:
    from safe_load import safe_load

    found: Arrays = {}
    for array in arrays_inside(safe_load(folder / "table.pkl", unknown="opaque"), set()):
        name = {"float64": "a", "int16": "b", "bool": "c"}.get(array.dtype.name)
        if name and array.size == 5:
            found[name] = array.reshape(5)
    return found


FLOWS = [
    Flow("Trainer of transformers", "transformers", save_trainer, read_trainer),
    Flow("adapter of PEFT", "peft", save_adapter, read_adapter),
    Flow("module of Lightning", "lightning", save_lightning, read_lightning),
    Flow("checkpoint of timm", "timm", save_timm, read_timm),
    Flow("quantized by torchao", "torchao", save_torchao, read_torchao),
    Flow("graph of PyG", "torch_geometric", save_graph, read_graph),
    Flow("agent of Stable-Baselines3", "stable_baselines3", save_agent, read_agent),
    Flow("estimators of scikit-learn", "sklearn", save_estimators, read_estimators),
    Flow("table of pandas", "pandas", save_table, read_table),
]


def differences(expected: Arrays, found: Arrays) -> list[str]:
    import numpy as np

    faults = [f"{name} is missing" for name in expected.keys() - found.keys()]
    faults += [f"{name} is more than was saved" for name in found.keys() - expected.keys()]
    for name in expected.keys() & found.keys():
        ours, theirs = np.asarray(found[name]), np.asarray(expected[name])
        if ours.dtype != theirs.dtype or ours.shape != theirs.shape or ours.tobytes() != theirs.tobytes():
            faults.append(f"{name}: {ours.dtype} {ours.shape} instead of {theirs.dtype} {theirs.shape}, or other values")
    return faults


def save(flow: Flow, folder: pathlib.Path) -> int:
    """In the environment with the packages."""
    import numpy as np

    values = flow.save(folder)
    np.savez(folder / "expected.npz", **{name: np.asarray(value) for name, value in values.items()})
    return 0


def compare(flow: Flow, python: str, folder: pathlib.Path) -> str:
    """"" if all is the same."""
    import numpy as np

    if importlib.util.find_spec(flow.package) is not None:
        return f"{flow.package} is installed here, so that nothing is shown"
    folder.mkdir(parents=True)
    command = [python, __file__, "--save", flow.name, "--keep", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode != 0:
        return "could not be saved: " + made.stderr.strip().splitlines()[-1]
    with np.load(folder / "expected.npz") as expected:
        faults = differences(dict(expected), flow.read(folder))
    print(f"{flow.name}: {len(expected.files)} values, {len(faults)} differ", flush=True)
    return "; ".join(faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", metavar="PYTHON")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--only")
    parser.add_argument("--save", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.save:
        return save(next(flow for flow in FLOWS if flow.name == arguments.save), arguments.keep)
    chosen = [flow for flow in FLOWS if not arguments.only or arguments.only in flow.name]
    failed = skipped = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, flow in enumerate(chosen):
            has = subprocess.run([arguments.packages, "-c", f"import {flow.package}"], capture_output=True).returncode == 0
            if not has:
                print(f"{flow.name}: SKIPPED, {flow.package} cannot be imported there")
                skipped += 1
                continue
            try:
                fault = compare(flow, arguments.packages, (arguments.keep or pathlib.Path(scratch)) / str(number))
            except Exception:
                fault = traceback.format_exc()
            failed += bool(fault)
            if fault:
                print(f"{flow.name}: {fault}")
    print(f"flows: {len(chosen)}, same {len(chosen) - failed - skipped}, skipped {skipped}, different {failed}")
    return 1 if failed or skipped == len(chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
