"""Prints src/scan/package_classes.inc: classes of well-known packages whose objects are unpickled by setting attributes.

    python tools/package_classes.py [--blocked] > src/scan/package_classes.inc

Downloads the packages below, reads their sources and imports none of them. A class is listed if unpickling an object
of it runs nothing but `object.__new__` and an update of its `__dict__`, or a method that somebody read and that is in
READ with the digest of its text: no class that it is made of has a method, decorator, metaclass or attribute that
would run then. Whatever this cannot follow is not listed. --blocked prints what keeps most classes out, instead.
"""

from __future__ import annotations

import argparse
import ast
import collections
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from typing import Iterator

# Of the models of transformers, those that people save whole; and all configurations.
MODELS = ("albert bart bert blip camembert clip convnext deberta_v2 deit distilbert electra gemma gpt2 gpt_neo gpt_neox hubert llama mistral "
          "mobilebert mt5 opt phi qwen2 resnet roberta segformer swin t5 vit wav2vec2 whisper xlm_roberta").split()

# Package, version, and the modules whose classes are listed; their bases are looked up in all of them.
PACKAGES = {
    "torch": ("2.13.0", ["torch.nn", "torch.optim", "torch.utils.data", "torch.distributions", "torch.amp", "torch.cuda.amp", "torch.ao.nn",
                         "torch.ao.quantization", "torch.distributed.checkpoint.metadata", "torch.distributed.checkpoint.filesystem",
                         "torch.distributed._shard"]),
    "torchvision": ("0.29.1", ["torchvision"]),
    "accelerate": ("1.15.0", ["accelerate"]),
    "e3nn": ("0.6.0", ["e3nn"]),
    "gym": ("0.26.2", ["gym.spaces", "gym.wrappers", "gym.envs.registration"]),
    "gymnasium": ("1.4.0", ["gymnasium.spaces", "gymnasium.wrappers", "gymnasium.envs.registration"]),
    "lightning": ("2.6.6", ["lightning"]),
    "monai": ("1.6.1", ["monai"]),
    "omegaconf": ("2.4.0", ["omegaconf"]),
    "peft": ("0.21.2", ["peft"]),
    "pytorch-lightning": ("2.6.6", ["pytorch_lightning"]),
    "sb3-contrib": ("2.9.2", ["sb3_contrib"]),
    "scikit-learn": ("1.9.1", ["sklearn"]),
    "scipy": ("1.17.1", ["scipy.sparse", "scipy.interpolate", "scipy.spatial.transform", "scipy.stats"]),
    "skorch": ("1.4.0", ["skorch"]),
    "stable-baselines3": ("2.9.2", ["stable_baselines3"]),
    "timm": ("1.0.31", ["timm"]),
    "torch-geometric": ("2.8.1", ["torch_geometric"]),
    "transformers": ("5.24.0", ["transformers.training_args", "transformers.trainer", "transformers.trainer_callback", "transformers.trainer_pt_utils",
                                "transformers.trainer_utils", "transformers.configuration_utils",
                                "transformers.generation.configuration_utils", "transformers.modeling_utils", "transformers.activations",
                                "transformers.debug_utils", "transformers.utils", *(f"transformers.models.{model}" for model in MODELS)]),
    "trl": ("1.16.0", ["trl"]),
}

# Methods that run while an object is unpickled, or when it is dropped.
RUN = {"__new__", "__setstate__", "__setstate_cython__", "__getattr__", "__getattribute__", "__del__", "__dict__", "__class__", "__slots__",
       "__init_subclass__", "_missing_"}
# The same, where a method that somebody read sets attributes of the object.
SET = {"__setattr__", "__delattr__"}
COMPARE = {"__eq__", "__hash__"}
# That give the class back, with nothing changed that runs here.
DECORATORS = {"dataclass", "dataclass_transform", "final", "total_ordering", "runtime_checkable", "compatibility", "auto_docstring",
              "add_start_docstrings", "add_end_docstrings", "strict", "register_notrace_module", "compile_mode"}
PLAIN_ROOTS = {"object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol", "typing_extensions.Generic"}
COMPARING_ROOTS = {f"{module}.{name}" for module in ("collections.abc", "typing")
                   for name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Iterator", "Callable", "Sized", "Container", "Hashable",
                                "Collection")}
ENUM_ROOTS = {"enum.Enum", "enum.IntEnum", "enum.StrEnum"}
MIXINS = {"str", "int"}

# Methods that somebody read: class and method, and the digest of the text. They set attributes, look one up, or refuse.
# What they look at in a state stands in src/scan/package_objects.cc, which says what may be there.
READ: dict[tuple[str, str], str] = {
    ("gym.core.Wrapper", "__getattr__"): "d503b0dfc2dc",
    ("gym.spaces.box.Box", "__setstate__"): "97098c9cd9a8",
    ("gym.spaces.discrete.Discrete", "__setstate__"): "f8ed3ccf511e",
    ("gym.spaces.space.Space", "__setstate__"): "a7de21e1b0e1",
    ("gymnasium.spaces.box.Box", "__setstate__"): "2ebd6383412b",
    ("gymnasium.spaces.discrete.Discrete", "__setstate__"): "0f47d2c9daa3",
    ("gymnasium.spaces.space.Space", "__setstate__"): "6511ac28ebb6",
    ("sklearn.base.BaseEstimator", "__setstate__"): "548a300ca118",
    ("sklearn.utils._metadata_requests._MetadataRequester", "__init_subclass__"): "e69cb58dca9a",
    ("sklearn.utils._set_output._SetOutputMixin", "__init_subclass__"): "b5101be8e5d1",
    ("stable_baselines3.common.vec_env.vec_normalize.VecNormalize", "__setstate__"): "fabe4200e5b4",
    ("torch.amp.grad_scaler.GradScaler", "__setstate__"): "ae8505c9ead4",
    ("torch.nn.modules.activation.LogSoftmax", "__setstate__"): "a3ce2060b1b7",
    ("torch.nn.modules.activation.MultiheadAttention", "__setstate__"): "ef6c1a168823",
    ("torch.nn.modules.activation.Softmax", "__setstate__"): "a3ce2060b1b7",
    ("torch.nn.modules.activation.Softmin", "__setstate__"): "a3ce2060b1b7",
    ("torch.nn.modules.conv._ConvNd", "__setstate__"): "6dc701463214",
    ("torch.nn.modules.module.Module", "__delattr__"): "adb162ed626b",
    ("torch.nn.modules.module.Module", "__getattr__"): "e6c13dfcf88f",
    ("torch.nn.modules.module.Module", "__setattr__"): "d03fa1312a47",
    ("torch.nn.modules.module.Module", "__setstate__"): "f78694450fcc",
    ("torch.nn.modules.transformer.TransformerDecoderLayer", "__setstate__"): "6e916ec08a5e",
    ("torch.nn.modules.transformer.TransformerEncoderLayer", "__setstate__"): "030e5214e98d",
    ("torch.nn.modules.upsampling.Upsample", "__setstate__"): "891c3b003fbd",
    ("torch_geometric.data.data.BaseData", "__delattr__"): "8a117fa3cedd",
    ("torch_geometric.data.data.BaseData", "__getattr__"): "93b6bd2383d9",
    ("torch_geometric.data.data.BaseData", "__setattr__"): "f55bc08c0247",
    ("torch_geometric.data.data.BaseData", "__setstate__"): "d9164275e4f6",
    ("torch_geometric.data.data.Data", "__delattr__"): "e136f83cfb0b",
    ("torch_geometric.data.data.Data", "__getattr__"): "8deba10f1727",
    ("torch_geometric.data.data.Data", "__setattr__"): "2050b96c851a",
    ("torch_geometric.data.storage.BaseStorage", "__delattr__"): "d105cae45b96",
    ("torch_geometric.data.storage.BaseStorage", "__getattr__"): "afb5037472f1",
    ("torch_geometric.data.storage.BaseStorage", "__setattr__"): "504ba64af622",
    ("torch_geometric.data.storage.BaseStorage", "__setstate__"): "b989e4eb0a46",
    ("torchvision.transforms.v2._transform.Transform", "__init_subclass__"): "b60ef6ea90ad",
    ("transformers.cache_utils.CacheLayerMixin", "__init_subclass__"): "0145748bbf68",
    ("transformers.configuration_utils.PreTrainedConfig", "__getattribute__"): "edfd014491ed",
    ("transformers.configuration_utils.PreTrainedConfig", "__init_subclass__"): "14a5c27e5323",
    ("transformers.integrations.heterogeneity.configuration_utils.HeterogeneousConfigMixin", "__getattribute__"): "fa2deb7059c2",
    ("transformers.modeling_layers.GradientCheckpointingLayer", "__init_subclass__"): "5b74941eccaa",
    ("transformers.modeling_utils.PreTrainedModel", "__init_subclass__"): "67f1a03e99ce",
    ("transformers.utils.generic.ExplicitEnum", "_missing_"): "8744ff4293f8",
}
# The same, where the class has a __setstate__: without one, unpickling would ask __getattr__ for it.
READ_BESIDE_SETSTATE = {
    ("peft.peft_model.PeftModel", "__getattr__"): "6f16f4b78731",
    ("peft.tuners.tuners_utils.BaseTuner", "__getattr__"): "34b5ae10d98d",
    ("peft.utils.other.AuxiliaryTrainingWrapper", "__getattr__"): "e6d170f97765",
    ("stable_baselines3.common.vec_env.base_vec_env.VecEnvWrapper", "__getattr__"): "f99bb749610b",
}
# What older versions had, read by hand: package, version, module, kind, names.
OLDER = [("torch", "1.0.0", "torch.nn.backends.thnn", "function", "_get_thnn_function_backend")]
# Attributes that these set or ask for: a class that defines one by code is not listed.
TOUCHED = {"_backward_pre_hooks", "_forward_hooks_always_called", "_forward_hooks_with_kwargs", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs",
           "_is_full_backward_hook", "_load_state_dict_post_hooks", "_load_state_dict_pre_hooks", "_non_persistent_buffers_set",
           "_state_dict_hooks", "_state_dict_pre_hooks", "_parameters", "_buffers", "_modules", "activation", "dim", "padding_mode", "low", "high",
           "low_repr", "high_repr", "spaces", "venv", "_parent"}
# Modules whose classes unpickle what they keep, when somebody asks for it.
UNPICKLE = {"database", "on_disk_dataset"}
# Whose other classes are listed as what may be kept as a value: importing them is all that happens.
REFERENCES = ("torch.optim.", "torch.nn.", "torch.utils.data.", "sb3_contrib.", "stable_baselines3.")
# Sets methods of torch.nn.Module under a guard that a program must ask for.
QUIET_PATCHES = {"torch._dynamo.mutation_guard"}


@dataclasses.dataclass
class Judgement:
    is_enum: bool = False
    compares: bool = False  # by code of its own
    is_read: bool = False  # has a method of READ that may set attributes
    sets: str = ""  # a method of SET that nobody read
    gets: str = ""  # a method of READ_BESIDE_SETSTATE
    touches: str = ""  # a name of TOUCHED that it defines by code
    why: str = ""  # neither it nor what is made of it is listed

    @property
    def refusal(self) -> str:
        """Why it is not listed, or ""."""
        return self.why or ((self.sets or self.touches) if self.is_read else self.gets)


@dataclasses.dataclass
class Module:
    name: str
    is_package: bool
    classes: dict[str, list[ast.ClassDef]]
    imports: dict[str, str]  # name -> what it stands for
    stars: list[str]
    rebound: set[str]  # names that are bound by something else than a class, too
    patches: list[tuple[str, str]]  # (what is assigned to, the attribute)


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of a module or class, with what stands under `if`, `try` and `with`."""
    for one in body:
        yield one
        for field in ("body", "orelse", "finalbody"):
            if isinstance(one, (ast.If, ast.Try, ast.With)):
                yield from statements(getattr(one, field, []))
        if isinstance(one, ast.Try):
            for handler in one.handlers:
                yield from statements(handler.body)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression; the class of `Generic[T]`; "" of all else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return ""


def targets(one: ast.stmt) -> list[ast.expr]:
    if isinstance(one, ast.Assign):
        return [part for target in one.targets for part in (target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target])]
    return [one.target] if isinstance(one, (ast.AnnAssign, ast.AugAssign)) and one.value is not None else []


def read_module(name: str, is_package: bool, text: str) -> Module:
    module = Module(name, is_package, collections.defaultdict(list), {}, [], set(), [])
    tree = ast.parse(text)
    package = name if is_package else name.rpartition(".")[0]
    for one in statements(tree.body):
        if isinstance(one, ast.ClassDef):
            module.classes[one.name].append(one)
        elif isinstance(one, ast.Import):
            for alias in one.names:
                module.imports[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
        elif isinstance(one, ast.ImportFrom):
            parent = package.rsplit(".", one.level - 1)[0] if one.level > 1 else package
            source = (f"{parent}.{one.module}" if one.module else parent) if one.level else one.module or ""
            for alias in one.names:
                if alias.name == "*":
                    module.stars.append(source)
                else:
                    module.imports[alias.asname or alias.name] = f"{source}.{alias.name}"
        elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            module.rebound.add(one.name)
        for target in targets(one):
            if isinstance(target, ast.Name):
                module.rebound.add(target.id)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in RUN | COMPARE:
                    module.patches.append((dotted(target.value), target.attr))
    return module


class World:
    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self.patched = {self.find(module, target) for module in modules.values() if module.name not in QUIET_PATCHES
                        for target, _ in module.patches if target}
        self.judged: dict[str, Judgement] = {}

    def find(self, module: Module, name: str, depth: int = 0) -> str:
        """What a dotted name means in a module: `module.Class`, or a name of elsewhere."""
        first, _, rest = name.partition(".")
        if depth > 30 or not name:
            return name
        if first in module.classes:
            return f"{module.name}.{name}"
        if first in module.imports:
            return self.find_absolute(module.imports[first] + (f".{rest}" if rest else ""), depth + 1)
        for star in module.stars:
            if star in self.modules:
                found = self.find(self.modules[star], name, depth + 1)
                if found.rpartition(".")[0] in self.modules:
                    return found
        return name

    def find_absolute(self, name: str, depth: int = 0) -> str:
        parts = name.split(".")
        for cut in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:cut]))
            if module is None:
                continue
            rest = ".".join(parts[cut:])
            if not rest:
                return name
            found = self.find(module, rest, depth + 1)
            return found if found != rest else name
        return name

    def judge(self, name: str) -> Judgement:
        if name in PLAIN_ROOTS | COMPARING_ROOTS:
            return Judgement(compares=name in COMPARING_ROOTS)
        if name in ENUM_ROOTS:
            return Judgement(is_enum=True)
        if name not in self.judged:
            self.judged[name] = Judgement(why=f"{name} is made of itself")
            self.judged[name] = self.judge_class(name)
        return self.judged[name]

    def judge_class(self, name: str) -> Judgement:
        module_name, _, short = name.rpartition(".")
        module = self.modules.get(module_name)
        if module is None or short not in module.classes:
            return Judgement(why=f"{name} is not in these packages")
        if short in module.rebound or short in module.imports:
            return Judgement(why=f"{name} is bound more than once")
        if name in self.patched:
            return Judgement(why=f"{name} is changed from outside")
        whole = Judgement()
        for node in module.classes[short]:
            bases = [self.find(module, dotted(base)) for base in node.bases]
            if not all(bases):
                return Judgement(why=f"{name} has a computed base")
            own = self.judge_body(name, module, node)
            parts = [own, *(self.judge(base) for base in bases if base not in MIXINS)]
            if why := next((part.why for part in parts if part.why), ""):
                return Judgement(why=why)
            for part in parts:
                whole.is_enum |= part.is_enum
                whole.compares |= part.compares
                whole.is_read |= part.is_read
                whole.sets = whole.sets or part.sets
                whole.gets = whole.gets or part.gets
                whole.touches = whole.touches or part.touches
            if MIXINS & set(bases) and not whole.is_enum:
                return Judgement(why=f"{name} is a text or number")
        if whole.is_enum and whole.compares:
            return Judgement(why=f"{name} is an enumeration that is compared by its own code")
        return whole

    def judge_body(self, name: str, module: Module, node: ast.ClassDef) -> Judgement:
        own = Judgement(compares=is_dataclass(node))
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if dotted(call).rpartition(".")[2] not in DECORATORS:
                return Judgement(why=f"decorator {dotted(call)}")
            if isinstance(decorator, ast.Call) and any(keyword.arg == "slots" for keyword in decorator.keywords):
                return Judgement(why=f"{name} has slots")
        for keyword in node.keywords:
            if keyword.arg != "metaclass" or self.find(module, dotted(keyword.value)) != "abc.ABCMeta":
                return Judgement(why=f"{name} has a metaclass or class arguments")
        for method, text in members(node):
            if method == "":
                return Judgement(why=f"{name} runs statements of its own")
            own.compares |= method in COMPARE
            if method in TOUCHED and (not text.startswith(method) or "(" in text):
                own.touches = f"{name} defines {method} by code"
            if method not in RUN and method not in SET:
                continue
            unread = f'("{name}", "{method}"): "{digest(text)}",'
            is_read = READ.get((name, method)) == digest(text)
            own.is_read |= is_read and method in ("__new__", "__setstate__")
            if READ_BESIDE_SETSTATE.get((name, method)) == digest(text):
                own.gets = unread
            elif method in SET and not is_read:
                own.sets = unread
            elif not is_read:
                return Judgement(why=unread)
        return own


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Names that a class body binds, with their text; "" for a statement that may bind anything."""
    for one in statements(node.body):
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield one.name, ast.unparse(one)
        elif isinstance(one, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            for target in targets(one):
                yield dotted(target), ast.unparse(one)
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            for alias in one.names:
                yield alias.asname or alias.name, ast.unparse(one)
        elif not isinstance(one, (ast.Pass, ast.If, ast.Try)) and not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)):
            yield "", ast.unparse(one)


def is_dataclass(node: ast.ClassDef) -> bool:
    return any(dotted(one.func if isinstance(one, ast.Call) else one).endswith("dataclass") for one in node.decorator_list)


# ---- sources


def texts_of(package: str, version: str, folder: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Paths and texts of a package's modules: of the one that is installed, if it is of this version."""
    try:
        if importlib.metadata.version(package).split("+")[0] == version:
            spec = importlib.util.find_spec(package)
            if spec is not None and spec.submodule_search_locations:
                root = pathlib.Path(spec.submodule_search_locations[0])
                for path in sorted(root.rglob("*.py")):
                    yield path.relative_to(root.parent).as_posix(), path.read_text(errors="replace")
                return
    except importlib.metadata.PackageNotFoundError:
        print(f"downloading {package} {version}", file=sys.stderr)
    target = folder / package
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", "-d", target, f"{package}=={version}"]
    if not target.exists():
        subprocess.run(command, check=True, stdout=sys.stderr)
    for archive in sorted(target.iterdir()):
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                for member in sorted(wheel.namelist()):
                    if member.endswith(".py"):
                        yield member, wheel.read(member).decode(errors="replace")
        else:
            with tarfile.open(archive) as tar:
                for info in tar:
                    file = tar.extractfile(info) if info.name.endswith(".py") else None
                    if file is not None:
                        yield info.name.partition("/")[2], file.read().decode(errors="replace")


def read_package(package: str, version: str, folder: pathlib.Path) -> Iterator[Module]:
    for path, text in texts_of(package, version, folder):
        parts = path[:-3].split("/")
        is_package = parts[-1] == "__init__"
        try:
            yield read_module(".".join(parts[:-1] if is_package else parts), is_package, text)
        except (SyntaxError, ValueError) as error:
            print(f"{path}: {error}", file=sys.stderr)


def is_in(module: str, prefixes: list[str]) -> bool:
    parts = module.split(".")
    if {"tests", "testing", "test", "_test", "test_utils", "commands", "demos", *UNPICKLE} & set(parts):
        return False
    is_configuration = module.startswith("transformers.models.") and parts[-1].startswith("configuration_")
    return is_configuration or any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocked", action="store_true")
    parser.add_argument("--folder", type=pathlib.Path, help="where to keep what was downloaded")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or pathlib.Path(temporary)
        owner: dict[str, str] = {}
        modules: dict[str, Module] = {}
        for package, (version, _) in PACKAGES.items():
            for module in read_package(package, version, folder):
                modules[module.name] = module
                owner[module.name] = package
    world = World(modules)
    rows: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    blocked: collections.Counter[str] = collections.Counter()
    for name in sorted(modules):
        if not is_in(name, PACKAGES[owner[name]][1]):
            continue
        for short in sorted(modules[name].classes):
            found = world.judge(f"{name}.{short}")
            if found.refusal:
                blocked[found.refusal] += 1
                if name.startswith(REFERENCES):
                    rows[name, "reference"].append(short)
            else:
                rows[name, "enum" if found.is_enum else "compared" if found.compares else "object"].append(short)
    if arguments.blocked:
        for why, count in blocked.most_common(150):
            print(f"{count:6}  {why}")
        return 0
    print("// Made by tools/package_classes.py, which says what is listed. Sorted by module.")
    packages = [(package, version) for package, (version, _) in PACKAGES.items()]
    table = [(module, kind, " ".join(shorts), (owner[module], PACKAGES[owner[module]][0])) for (module, kind), shorts in rows.items()]
    table += [(module, kind, names, (package, version)) for package, version, module, kind, names in OLDER]
    packages += sorted({row[-1] for row in table} - set(packages))
    for package, version in packages:
        print(f'PACKAGE("{package}", "{version}")')
    for module, kind, names, package in sorted(table):
        print(f'CLASSES({packages.index(package)}, "{module}", k{kind.capitalize()}, "{names}")')
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
