"""Records behave as what they stand for: mappings, sequences, configs; without the package, and without running it."""

import copy
import html.parser
import io
import pickle
import subprocess
import sys
import types

import pytest
from forge import call, forge, symbol, text

from safe_load import Error, Opaque, safe_load


class Config:
    """What the classes of config packages have in common here: attributes that are pickled."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


@pytest.fixture
def made(monkeypatch):
    """made("pkg.mod.Class", base): a class that pickle finds by this name, until the file is written."""

    def make(name: str, base: type = Config) -> type:
        module, _, short = name.rpartition(".")
        parts = module.split(".")
        for i in range(len(parts)):
            path = ".".join(parts[: i + 1])
            if not isinstance(sys.modules.get(path), types.ModuleType) or "fake" not in vars(sys.modules[path]):
                fake = types.ModuleType(path)
                fake.fake = True
                monkeypatch.setitem(sys.modules, path, fake)
        cls = type(short, (base,), {"__module__": module})
        setattr(sys.modules[module], short, cls)
        return cls

    return make


def loaded(value, protocol: int = 2, unknown: str = "error") -> Opaque:
    return safe_load(forge(pickle.dumps(value, protocol)), unknown=unknown, framework="none")


def opaque(content: bytes) -> Opaque:
    return safe_load(forge(content + b"."), unknown="opaque", framework="none")


DICTS = [
    "addict.addict.Dict",
    "box.box.Box",
    "detectron2.config.config.CfgNode",
    "easydict.EasyDict",
    "fvcore.common.config.CfgNode",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "mmcv.utils.config.ConfigDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "yacs.config.CfgNode",
]
PLAIN = {"model": {"hidden": 128, "layers": [1, {"k": 2}]}, "lr": 0.1, "size": (1, (2, 3))}


# ---- subclasses of dict, list and set of unknown packages


class Mapping(dict):
    pass


class Sequence(list):
    pass


class Members(set):
    pass


class Plain:
    pass


def test_a_subclass_of_dict_is_a_mapping():
    value = Mapping(a=1, b=[2])
    value.note = "kept"
    record = loaded(value, unknown="opaque")
    assert type(record) is Opaque and len(record) == 2 and list(record) == ["a", "b"]
    assert record["a"] == 1 and "a" in record and "c" not in record and 1 not in record
    assert list(record.keys()) == ["a", "b"] and list(record.values()) == [1, [2]]
    assert dict(record.items()) == dict(record) == {"a": 1, "b": [2]}
    assert record.get("a") == 1 and record.get("c") is None and record.get("c", 7) == 7
    assert record.note == "kept" and record["b"] is record.dict_items["b"]
    with pytest.raises(KeyError):
        record["c"]
    with pytest.raises(AttributeError, match="has no attribute 'a'"):  # its items were no attributes
        record.a


def test_a_subclass_of_list_is_a_sequence():
    record = loaded(Sequence([1, 2, 3]), unknown="opaque")
    assert len(record) == 3 and list(record) == [1, 2, 3] and record[-1] == 3 and record[1:] == [2, 3]
    assert 2 in record and 7 not in record
    for method in (record.keys, record.values, record.items, lambda: record.get(0)):
        with pytest.raises(TypeError, match="is a sequence"):
            method()
    with pytest.raises(IndexError):
        record[3]


def test_a_member_of_a_known_enumeration_is_found_as_its_value(np, made):
    """As monai writes what it knows about an image: keyed by members of an enumeration of texts."""
    member = made("monai.utils.enums.MetaKeys", str)
    meta = loaded({"meta": {member("affine"): 1, "file": "a.nii"}}, 3)["meta"]
    assert meta["affine"] == 1 and meta["file"] == "a.nii"
    (key,) = (key for key in meta if isinstance(key, Opaque))
    assert key == "affine" and key != "file" and hash(key) == hash("affine") and key in {"affine"}
    assert key != np.array(["affine", "file"]) and key != None  # noqa: E711
    # Of a class that nobody knows, a member is itself alone.
    stranger = made("mylib.Keys", str)
    other = loaded({stranger("affine"): 1}, 3, "opaque")
    assert "affine" not in other and list(other)[0] != "affine"


def test_a_key_that_is_a_member_is_shown_by_its_value(made):
    member = made("monai.utils.enums.MetaKeys", str)
    stranger = made("mylib.Run", object)
    with pytest.raises(Error) as caught:
        loaded({"meta": {member("affine"): [stranger()]}}, 3)
    assert caught.value.globals[0].path == '$["meta"]["affine"][0]'


def test_a_subclass_of_set_has_members():
    content = symbol("pkg", "S") + b")\x81(K\x01K\x02\x90"
    record = opaque(content)
    assert len(record) == 2 and set(record) == {1, 2} and 1 in record and 7 not in record
    with pytest.raises(KeyError):
        record[0]


def test_an_object_without_items_is_empty_and_true():
    record = opaque(symbol("pkg", "C") + b")\x81")
    assert len(record) == 0 and list(record) == [] and bool(record) and dict(record.items()) == {}
    with pytest.raises(TypeError, match="neither a mapping nor a sequence"):
        record.to_container()


# ---- attributes


def test_attributes_of_the_state_are_attributes():
    value = Plain()
    value.lr, value.name = 0.5, "net"
    record = loaded(value, unknown="opaque")
    assert record.lr == 0.5 and record.name == "net" and not hasattr(record, "other")
    assert {"lr", "name"} <= set(dir(record))


def test_attributes_of_slots_are_attributes():
    slots = b"}" + text("x") + b"K\x03s}" + text("slot") + b"K\x04s\x86b"
    record = opaque(symbol("pkg", "C") + b")\x81" + slots)
    assert (record.x, record.slot) == (3, 4)


def test_fields_of_a_pydantic_model_are_attributes(made):
    pydantic = pytest.importorskip("pydantic")

    class Settings(pydantic.BaseModel, extra="allow"):
        lr: float = 0.1
        _seen: int = pydantic.PrivateAttr(default=7)

    Settings.__module__, Settings.__qualname__ = "pkg.settings", "Settings"
    made("pkg.settings.Other")
    sys.modules["pkg.settings"].Settings = Settings
    record = loaded(Settings(more="x"), unknown="opaque")
    assert (record.lr, record.more, record._seen) == (0.1, "x", 7)
    assert record.attributes()["__pydantic_fields_set__"] == {"more"}
    assert record.state["__dict__"] == {"lr": 0.1}  # as the file has it


def test_dict_as_an_attribute_of_any_other_object_is_one():
    value = Plain()
    vars(value).update({"__dict__": {"lr": 1}})
    assert loaded(value, unknown="opaque").attributes() == {"__dict__": {"lr": 1}}


def test_own_names_hide_those_of_the_state():
    value = Plain()
    vars(value).update(cls="theirs", args=1, keys=2, state_dict=3, lr=4)
    record = loaded(value, unknown="opaque")
    assert record.cls.endswith(".Plain") and record.args == () and callable(record.keys) and callable(record.state_dict)
    assert record.attributes() == vars(value) and record.lr == 4


@pytest.mark.parametrize("name", ["__array__", "__torch_function__", "__setstate__", "_repr_png_", "_ipython_display_"])
def test_protocols_are_not_the_files_to_answer(name):
    value = Plain()
    vars(value).update({name: dict, "_plain": 1})
    record = loaded(value, unknown="opaque")
    assert not hasattr(record, name) and record._plain == 1 and record.attributes()[name] is dict


def test_a_record_with_attributes_is_copied_and_pickled_as_before():
    value = Mapping(a=1)
    value.state, value.__dict__["__setstate__"] = 3, dict
    record = loaded(value, unknown="opaque")
    for again in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert type(again) is Opaque and again.to_dict() == record.to_dict()


def test_an_object_that_is_not_filled_yet_has_no_attributes():
    with pytest.raises(AttributeError):
        Opaque.__new__(Opaque).lr


# ---- config containers


@pytest.mark.parametrize("name", DICTS)
def test_configs_that_are_dicts_work_without_their_package(name, made):
    cls = made(name, Mapping)
    value = cls(model=cls(hidden=128, layers=[1, cls(k=2)]), lr=0.1, size=(1, (2, 3)))
    value.__immutable__ = True
    config = loaded(value)
    assert config.cls == name and config.model.hidden == config["model"]["hidden"] == 128
    assert config.model.layers[1].k == 2 and config.lr == 0.1 and list(config) == ["model", "lr", "size"]
    assert config.to_container() == PLAIN and {"model", "lr"} <= set(dir(config))
    assert not hasattr(config, "other") and not hasattr(config.model.layers, "k")


def test_the_config_of_mmengine_works_without_its_package(made):
    class Reduced(dict):
        def __reduce_ex__(self, protocol):
            return type(self), (dict(self),)

    cls = made("mmengine.config.config.ConfigDict", Reduced)
    config = loaded(cls(model=cls(hidden=128, layers=[1, cls(k=2)]), lr=0.1, size=(1, (2, 3))))
    assert config.model.layers[1].k == 2 and config["lr"] == 0.1 and len(config) == 3
    assert config.to_container() == PLAIN


def omega(made):
    """The classes of omegaconf, and a maker of containers with a back reference."""
    kinds = ("dictconfig.DictConfig", "listconfig.ListConfig", "nodes.AnyNode", "nodes.StringNode", "base.UnionNode")
    classes = [made(f"omegaconf.{kind}") for kind in (*kinds, "base.ContainerMetadata", "base.Metadata")]
    meta, leaf = classes[5], classes[6]

    def container(cls, content, parent=None):
        value = cls(_metadata=meta(ref_type=None), _parent=parent, _content=content)
        for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
            part._parent = value
        return value

    def node(value, cls=classes[2]):
        return cls(_metadata=leaf(key="k"), _parent=None, _val=value)

    return container, node, classes


def test_a_config_of_omegaconf_is_its_content(made):
    container, node, (mapping, sequence, _, string, union, *_) = omega(made)
    inner = container(mapping, {"hidden": node(128), "layers": container(sequence, [node(1), node("x", string)])})
    whole = {
        "model": inner,
        "lr": node(0.1),
        "ref": node("${model.hidden}"),
        "missing": node("???"),
        "nothing": container(mapping, None),
        "text": container(mapping, "${model}"),
        "union": union(_metadata=None, _parent=None, _content=node(3)),
    }
    config = loaded(container(mapping, whole))
    assert config.model.hidden == config["model"]["hidden"] == 128 and config.get("lr") == 0.1
    assert list(config.model.layers) == [1, "x"] and config.model.layers[:1] == [1] and "x" in config.model.layers
    assert config["nothing"] is None and config.text == "${model}" and config.union == 3
    assert config.model._parent is config  # the state stays reachable
    assert config.to_container() == {
        "model": {"hidden": 128, "layers": [1, "x"]},
        "lr": 0.1,
        "ref": "${model.hidden}",
        "missing": "???",
        "nothing": None,
        "text": "${model}",
        "union": 3,
    }


def test_a_config_of_omegaconf_without_content_is_empty(made):
    container, _, (mapping, *_) = omega(made)
    for content in (None, "???", "${a}"):
        config = loaded(container(mapping, content))
        assert len(config) == 0 and list(config) == [] and config.to_container() == content
        with pytest.raises(KeyError):
            config["a"]


def test_boxes_and_configs_of_ml_collections_are_their_fields(made):
    box, boxes = made("box.box.Box", Mapping), made("box.box_list.BoxList")
    listed = loaded(boxes(box_options={}, items=[1, box(a=2)]))
    assert listed[0] == 1 and listed[1].a == 2 and len(listed) == 2 and listed.to_container() == [1, {"a": 2}]
    package = "ml_collections.config_dict.config_dict"
    reference = made(f"{package}.FieldReference")
    for name in ("ConfigDict", "FrozenConfigDict"):
        cls = made(f"{package}.{name}")
        inner = cls(_fields={"hidden": 128}, _locked=True, _type_safe=True)
        config = loaded(cls(_fields={"model": inner, "lr": reference(_field_type=float, _value=0.1)}, _locked=False))
        assert config.model.hidden == 128 and config.lr == config["lr"] == 0.1 and "lr" in config
        assert config.to_container() == {"model": {"hidden": 128}, "lr": 0.1} and config._locked is False


@pytest.mark.parametrize("protocol", [2, 4])
def test_strict_loading_takes_configs_and_still_names_what_else_is_unknown(protocol, made):
    cls = made("easydict.EasyDict", Mapping)
    assert loaded(cls(a=1), protocol).a == 1
    with pytest.raises(Error) as caught:
        loaded(cls(a=Plain()), protocol)
    assert [row.name.rpartition(".")[2] for row in caught.value.globals] == ["Plain"]
    for near in ("easydict.EasyDict2", "evil.easydict.EasyDict"):
        with pytest.raises(Error):
            loaded(made(near, Mapping)(a=1), protocol)


def test_a_config_of_an_odd_form_is_a_record_like_any_other():
    for state in (b"K\x07b", b"}" + text("_content") + b"K\x07sb", b""):
        record = opaque(symbol("omegaconf.dictconfig", "DictConfig") + b")\x81" + state)
        assert type(record) is Opaque and len(record) == 0 and "DictConfig" in repr(record)


def test_loading_a_config_imports_nothing():
    content = forge(symbol("omegaconf.dictconfig", "DictConfig") + b")\x81}" + text("_content") + b"}sb.")
    code = (
        "import sys, safe_load; before = set(sys.modules)\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest): print('looked for', name) if 'omega' in name else None\n"
        "sys.meta_path.insert(0, Finder())\n"
        "config = safe_load.safe_load(sys.stdin.buffer, framework='none')\n"
        "print(config.to_container(), len(config), repr(config), bool(config._repr_html_()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, timeout=120)
    assert done.stdout.decode() == "{} 0 <Opaque omegaconf.dictconfig.DictConfig> True\n", done.stderr


# ---- other records of known packages

PACKAGES = ("transformers", "accelerate")


def member(cls: str, value: bytes) -> bytes:
    return symbol(*cls.rsplit(".", 1)) + value + b"\x85R"


def test_training_arguments_open_without_their_package():
    parts = {
        "learning_rate": b"G?\xb9\x99\x99\x99\x99\x99\x9a",
        "lr_scheduler_type": member("transformers.trainer_utils.SchedulerType", text("linear")),
        "optim": member("transformers.training_args.OptimizerNames", text("adamw_torch")),
        "distributed_state": symbol("accelerate.state", "PartialState") + b")\x81}" + text("num_processes") + b"K\x02sb",
    }
    state = b"}(" + b"".join(text(name) + part for name, part in parts.items()) + b"u"
    content = symbol("transformers.training_args", "TrainingArguments") + b")\x81" + state + b"b."
    args = safe_load(forge(content), framework="none")
    assert (args.learning_rate, args.lr_scheduler_type, args.optim) == (0.1, "linear", "adamw_torch")
    assert args.distributed_state.num_processes == 2 and not hasattr(args, "other") and len(args) == 0
    assert type(args.attributes()["optim"]) is Opaque and args.attributes()["optim"].args == ("adamw_torch",)
    assert '.lr_scheduler_type: "linear"' in repr(args)
    assert not any(name.partition(".")[0] in PACKAGES for name in sys.modules)
    with pytest.raises(TypeError, match="holds no items"):
        args.to_container()


def test_a_member_of_an_odd_form_stands_for_itself():
    odd = symbol("transformers.trainer_utils", "SchedulerType") + b")R"
    holder = symbol("transformers.training_args", "TrainingArguments") + b")\x81}" + text("x") + odd + b"sb."
    assert type(safe_load(forge(holder), framework="none").x) is Opaque


def test_the_arrays_of_a_sparse_matrix_are_its_attributes(np, made):
    cls = made("scipy.sparse._csr.csr_matrix")
    content = pickle.dumps(cls(_shape=(2, 3), maxprint=50, data=np.ones(2), indices=np.array([0, 2], "i4")), 2)
    record = safe_load(content, unknown="opaque")
    assert record.data.tolist() == [1, 1] and record.indices.dtype == np.int32 and record._shape == (2, 3)
    with pytest.raises(Error, match="scipy.sparse._csr.csr_matrix"):
        safe_load(content)


# ---- named tuples


def test_a_named_tuple_is_a_sequence():
    point = opaque(symbol("pkg", "Point") + b"K\x01(K\x02K\x03l\x86\x81")
    assert (len(point), point[0], point[1], point[-1], point[0:1]) == (2, 1, [2, 3], [2, 3], (1,))
    assert list(point) == [1, [2, 3]] and 1 in point and point.to_container() == (1, [2, 3])
    with pytest.raises(IndexError):
        point[2]
    with pytest.raises(TypeError, match="is a sequence"):
        point.keys()
    single = opaque(symbol("pkg", "Batch") + b"(K\x07t\x85\x81")
    assert list(single) == [(7,)] and single.to_container() == ((7,),)


def test_other_objects_made_with_arguments_are_no_sequences():
    number, text_child = opaque(symbol("pkg", "N") + b"K\x07\x85\x81"), opaque(symbol("pkg", "T") + text("ab") + b"\x85\x81")
    stateful = opaque(symbol("pkg", "S") + b"K\x01K\x02\x86\x81}" + text("x") + b"K\x01sb")
    called = opaque(symbol("pkg", "f") + b"K\x01K\x02\x86R")
    for record in (number, text_child, stateful, called):
        assert len(record) == 0 and list(record) == []


# ---- to_container


def test_a_container_keeps_what_is_shared_and_cycles(made):
    cls = made("easydict.EasyDict", Mapping)
    shared = cls(a=1)
    value = cls(one=shared, two=shared, items=[shared])
    value["itself"] = value
    pair = ([],)
    pair[0].append(pair)
    value["pair"] = pair
    plain = loaded(value).to_container()
    assert type(plain) is dict and type(plain["one"]) is dict
    assert plain["one"] is plain["two"] is plain["items"][0] and plain["itself"] is plain
    assert type(plain["pair"]) is tuple and type(plain["pair"][0]) is list and len(plain["pair"][0]) == 1


def test_a_container_keeps_tuples_and_values_that_are_no_containers(made):
    cls = made("yacs.config.CfgNode", Mapping)
    other = Plain()
    record = loaded(cls(sizes=((32,), (64, {"a": cls(b=1)})), other=other, members={1, 2}), unknown="opaque")
    plain = record.to_container()
    assert plain["sizes"] == ((32,), (64, {"a": {"b": 1}})) and type(plain["sizes"][1][1]["a"]) is dict
    assert plain["other"] is record["other"] and type(plain["other"]) is Opaque and plain["members"] is record["members"]


def test_subclasses_of_dict_and_list_are_containers_too():
    plain = loaded(Mapping(a=Sequence([1, Mapping(b=2)])), unknown="opaque").to_container()
    assert plain == {"a": [1, {"b": 2}]} and type(plain["a"]) is list and type(plain["a"][1]) is dict


def test_depth_and_sharing_of_a_config_cost_what_they_are():
    easy = symbol("easydict", "EasyDict")
    deep = easy + b"q\x000h\x00)\x81"
    step = b"q\x010h\x00)\x81" + text("k") + b"h\x01s"
    record = safe_load(forge(deep + step * 100_000 + b"."), framework="none")
    plain, depth = record.to_container(), 0
    while plain:
        plain, depth = plain["k"], depth + 1
    assert depth == 100_000 and len(repr(record)) < 300 and len(record._repr_html_()) < 5000
    twice = b"q\x010h\x00)\x81(" + text("k") + b"h\x01" + text("l") + b"h\x01u"
    plain = safe_load(forge(deep + twice * 60 + b"."), framework="none").to_container()
    assert plain["k"] is plain["l"] and plain["k"]["k"] is plain["l"]["l"]


def test_a_node_that_stands_for_itself_ends():
    node = symbol("omegaconf.nodes", "AnyNode") + b")\x81q\x00}" + text("_val") + b"h\x00sb"
    config = symbol("omegaconf.dictconfig", "DictConfig") + b")\x81}" + text("_content") + b"}" + text("a") + node + b"ssb"
    record = opaque(config)
    assert type(record["a"]) is Opaque and record.to_container() == {"a": record["a"]}


# ---- how records look


def test_a_record_is_one_short_line(made):
    record = opaque(symbol("pkg", "C") + b"K\x07\x85\x81}" + text("lr") + b"G?\xb9\x99\x99\x99\x99\x99\x9a" + b"sb")
    assert repr(record) == "<Opaque pkg.C .args[0]: 7, .lr: 0.1>"
    cls = made("easydict.EasyDict", Mapping)
    config = loaded(cls(a=1, b="two", c=[1, 2], d=cls(), e=5))
    assert repr(config) == '<Opaque easydict.EasyDict ["a"]: 1, ["b"]: "two", ["c"]: list of 2, ["d"]: Opaque easydict.EasyDict, ...>'
    assert repr(loaded(Sequence([None, True]), unknown="opaque")).endswith("Sequence [0]: None, [1]: True>")


HOSTILE = "\x1b[31m\n\u202e<script>alert(1)</script>&\"'" + "x" * 1000


def hostile() -> Opaque:
    value = Mapping({HOSTILE: HOSTILE, "bytes": b"\x1b<b>" * 100, "int": 1 << 100_000, "self": None, 7: (1,) * 9})
    value["self"] = value
    vars(value).update({HOSTILE: HOSTILE})
    return loaded(value, unknown="opaque")


def test_a_line_is_safe_for_a_terminal():
    module = symbol("m\x1b[31m" + "m" * 500, "C<b>")
    inside = b"(" + module + b")\x81" + module + call("builtins", "getattr", module + b")\x81", text("\x1b[31m")) + b"l"
    for record in (hostile(), *opaque(inside)):
        assert repr(record).isprintable() and len(repr(record)) < 300 and "\x1b" not in str(record)


class Page:
    """What a browser would see: elements must nest, and only harmless ones may be there."""

    def __init__(self, markup: str):
        self.tags, self.depth, self.deepest, self.texts = [], 0, 0, []
        parser = html.parser.HTMLParser(convert_charrefs=True)
        parser.handle_starttag = self.start
        parser.handle_endtag = self.end
        parser.handle_data = self.texts.append
        parser.feed(markup)
        parser.close()

    def start(self, tag, attributes):
        assert tag in ("details", "summary", "ul", "li") and attributes in ([], [("open", None)])
        self.tags.append(tag)
        self.deepest = max(self.deepest, len(self.tags))

    def end(self, tag):
        assert self.tags.pop() == tag


def test_a_tree_is_folded_and_shows_what_is_inside(made):
    cls = made("easydict.EasyDict", Mapping)
    markup = loaded(cls(model=cls(hidden=128), names=["a", "b"]))._repr_html_()
    page = Page(markup)
    for words in ('["model"]: Opaque easydict.EasyDict', '["hidden"]: 128', '["names"]: list of 2', '[1]: "b"'):
        assert words in page.texts
    assert page.tags == [] and markup.count("<details open>") == 1 and markup.count("<details>") == 2


def test_a_tree_is_escaped_and_bounded():
    markup = hostile()._repr_html_()
    page = Page(markup)
    assert "".join(page.texts).isprintable() and "<script" not in markup and "see above" in markup
    assert any("<script>" in words for words in page.texts)  # as text
    wide = Page(loaded(Mapping({i: [[j] for j in range(99)] for i in range(999)}), unknown="opaque")._repr_html_())
    assert wide.tags == [] and len(wide.texts) < 700 and "..." in wide.texts
    for count, rows in ((50, 50), (51, 51)):  # the last row of the second says that there is more
        markup = loaded(Sequence(range(count)), unknown="opaque")._repr_html_()
        assert markup.count("<li>") == rows and ("..." in markup) == (count > 50)
    nested = opaque(symbol("pkg", "C") + b"q\x000N" + b"q\x010h\x00h\x01\x85R" * 1000)
    assert Page(nested._repr_html_()).deepest < 40


def test_tensors_and_arrays_are_shown_by_type_and_shape(torch, np):
    value = Plain()
    value.w, value.a = torch.zeros(2, 3, dtype=torch.float16), np.zeros((4,), "int32")
    value.p = torch.nn.Parameter(torch.zeros(5))
    stream = io.BytesIO()
    torch.save(value, stream)
    shown = repr(safe_load(stream.getvalue(), unknown="opaque", framework="torch"))
    assert ".w: Tensor float16 [2, 3], .a: ndarray int32 [4], .p: Parameter float32 [5]" in shown
