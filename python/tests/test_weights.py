"""Finding the weights in a checkpoint, and taking prefixes off their names."""

import collections
import pathlib
import pickle
import types

import pytest
from forge import call, forge, storage, symbol, tensor, text

import safe_load as sl
from safe_load import Error, Opaque, _core, safe_load, state_dict, strip_prefix

KEYS = _core.USUAL_KEYS


def loaded(content: bytes, **options):
    options = {"unknown": "opaque", "framework": "none", **options}
    return safe_load(forge(content + b".", {"0": bytes(8), "1": bytes(4)}), **options)


def dict_of(**parts: bytes) -> bytes:
    return b"}(" + b"".join(text(name) + part for name, part in parts.items()) + b"u"


W = tensor("0", 2)
MODULE = (
    symbol("pkg", "Net") + b")\x81" + dict_of(_parameters=dict_of(weight=W), _buffers=b"}", _modules=b"}") + b"b"
)


def test_a_dict_of_tensors_is_its_own_weights():
    content = loaded(dict_of(b=W, a=W))
    found = state_dict(content)
    assert type(found) is collections.OrderedDict and list(found) == ["b", "a"] and found is not content
    assert all(found[name] is content[name] for name in found)


@pytest.mark.parametrize("key", KEYS)
def test_weights_are_found_under_every_usual_key(key):
    assert list(state_dict(loaded(dict_of(epoch=b"K\x01", **{key: dict_of(w=W)})))) == ["w"]
    assert list(state_dict(loaded(dict_of(**{key: MODULE})))) == ["weight"]


def test_the_keys_come_first_in_their_order_and_then_the_object_itself():
    parts = {key: dict_of(**{f"in_{key}": W}) for key in reversed(KEYS)}
    for key in KEYS:
        assert list(state_dict(loaded(dict_of(**parts)))) == [f"in_{key}"]
        assert list(state_dict(loaded(dict_of(own=W, **parts)))) == [f"in_{key}"]
        del parts[key]
    assert list(state_dict(loaded(dict_of(own=W, **parts)))) == ["own"]


def test_a_usual_key_without_tensors_is_passed_over():
    content = dict_of(state_dict=b"}", model=dict_of(name=text("resnet")), net=b"K\x07", ema=dict_of(w=W))
    assert list(state_dict(loaded(content))) == ["w"]


def test_a_whole_module_and_a_subclass_of_dict_will_do():
    assert list(state_dict(loaded(MODULE))) == ["weight"]
    record = loaded(symbol("pkg", "D") + b")\x81(" + text("w") + W + text("n") + b"K\x01u")
    assert type(record) is Opaque and list(state_dict(record)) == ["w"]


def test_what_is_no_tensor_is_left_out_except_extra_state():
    content = dict_of(w=W, epoch=b"K\x01", _extra_state=b"K\x02", **{"body._extra_state": b"}"})
    assert list(state_dict(loaded(content))) == ["w", "_extra_state", "body._extra_state"]


def test_tensors_of_other_classes_stay_as_records():
    parts = b"(" + storage("0", 2) + b"K\x00K\x02\x85K\x01\x85\x89" + symbol("collections", "OrderedDict") + b")Rt"
    rebuild, own_class = symbol("torch._utils", "_rebuild_tensor_v2"), symbol("pkg", "Mine")
    own = call("torch._tensor", "_rebuild_from_type_v2", rebuild, own_class, parts, b"N")
    part = symbol("torch.distributed.tensor", "DTensor") + b")\x81}" + text("_local_tensor") + W + b"sb"
    config = symbol("pkg", "Config") + b")\x81"
    found = state_dict(loaded(dict_of(w=W, own=own, part=part, config=config)))
    assert list(found) == ["w", "own", "part"] and type(found["own"]) is type(found["part"]) is Opaque
    assert list(state_dict(loaded(dict_of(part=part)))) == ["part"]


def test_numbers_become_the_digits_that_a_listing_shows():
    assert list(state_dict(loaded(b"}(K\x03" + W + text("w") + W + b"u"))) == ["3", "w"]


def test_arrays_count_only_where_there_are_no_tensors(torch, np):
    arrays, tensors = {"w": np.ones(2)}, {"w": torch.ones(2)}
    assert state_dict({"rng": np.ones(2), "model": tensors})["w"] is tensors["w"]
    assert state_dict({"epoch": 1, "model": arrays})["w"] is arrays["w"]
    assert state_dict(arrays)["w"] is arrays["w"]


def test_arrays_of_a_file_are_weights(np):
    content = loaded(dict_of(model=dict_of(w=W)), framework="numpy")
    assert type(state_dict(content)["w"]) is np.ndarray


def test_sparse_tensors_without_torch_are_tensors():
    record = sl.TensorRecord("sparse tensor", {"size": (2, 3)})
    assert state_dict({"model": {"w": record}})["w"] is record


def test_the_one_dict_of_tensors_is_taken_whatever_its_key():
    for content in (dict_of(epoch=b"K\x01", my_model=dict_of(w=W)), b"(K\x03" + dict_of(w=W) + b"t"):
        assert list(state_dict(loaded(content))) == ["w"]


def test_what_has_no_weights_says_which_keys_there_are():
    with pytest.raises(ValueError, match='the keys are "epoch", "nets"; key= takes') as caught:
        state_dict(loaded(dict_of(epoch=b"K\x01", nets=dict_of(a=b"N"))))
    assert caught.value.code == "mismatch"
    many = {f"key{i}\x1b[31m" + "x" * 200: 1 for i in range(100)}
    with pytest.raises(ValueError, match="and 88 more") as caught:
        state_dict(many)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1500


def test_what_lies_deeper_is_suggested():
    content = loaded(dict_of(run=dict_of(nets=dict_of(a=dict_of(w=W), b=MODULE), optim=dict_of(c=dict_of(w=W)))))
    with pytest.raises(ValueError, match='pass the key of one: "run.nets.a", "run.nets.b"$'):
        state_dict(content)
    assert list(state_dict(content, key="run.nets.b")) == ["weight"]
    around: dict = {}
    around.update({f"k{i}": around for i in range(1000)})
    with pytest.raises(ValueError, match="no weights"):
        state_dict(around)


def test_more_than_one_that_can_be_meant_is_an_error_that_says_how_to_choose():
    nets = loaded(dict_of(actor=dict_of(a=W), critic=dict_of(c=W), log_alpha=tensor("1", 1)))
    with pytest.raises(ValueError, match='"actor", "critic"; say which with key=, such as key="actor"$') as caught:
        state_dict(nets)
    assert isinstance(caught.value, Error) and caught.value.code == "ambiguous"
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value) and str(again) == str(caught.value) and again.code == "ambiguous"
    assert list(state_dict(nets, key="critic")) == ["c"]
    tree = loaded(dict_of(pos=W, encoder=dict_of(w=W)))
    with pytest.raises(ValueError, match=r'"encoder", "\$".*"\$" is all of it'):
        state_dict(tree)
    assert list(state_dict(tree, key="$")) == ["pos", "encoder"]


def test_the_table_of_the_guide_is_true(torch):
    def net(name="w"):
        return {name: torch.ones(2)}

    two = torch.ones(2)
    taken = [
        ({"w": two, "epoch": 3}, ["w"]),
        ({"my_net": net(), "optimizer": net("x"), "epoch": torch.tensor(3)}, ["w"]),
        ({"model": net(), "ema": net("x")}, ["w"]),
        ({"model": None, "ema": net()}, ["w"]),
        ({"g": net("x"), "d": net("x"), "g_ema": net(), "latent_avg": two}, ["w"]),
        ({"state_dict": {"w": two, "head": net()}}, ["w", "head"]),
        ((3, net()), ["w"]),
    ]
    for content, names in taken:
        assert list(state_dict(content)) == names
    errors = [
        ({"generator": net(), "kp_detector": net()}, "ambiguous"),
        ({"actor": net(), "critic": net(), "log_alpha": torch.ones(1)}, "ambiguous"),
        ({"encoder": net(), "pos_embed": two}, "ambiguous"),
        ({"norm": net(), "nets": {"a": net()}}, "ambiguous"),
        ({"nets": {"a": net(), "b": net()}}, "mismatch"),
        ({"state_dict": {}}, "mismatch"),
    ]
    for content, code in errors:
        with pytest.raises(ValueError) as caught:
            state_dict(content)
        assert caught.value.code == code


def test_a_key_that_is_no_name_is_named():
    for key, shown in ((("conv", 1), r'\("conv", 1\)'), (None, "None"), (b"\xff\x1b", r"b'\\xff\\x1b'"), (1 << 70, "\\d+")):
        with pytest.raises(ValueError, match=f"neither text nor a number: {shown}$") as caught:
            state_dict({"w": loaded(W), key: loaded(W)})
        assert caught.value.code == "unsupported"


def test_keys_that_are_given_have_to_lead_to_weights():
    content = loaded(dict_of(epoch=b"K\x01", model=dict_of(w=W), none=b"N"))
    assert list(state_dict(content, key=["none", "nets.a", "model"])) == ["w"]
    assert list(state_dict(content, key=(key for key in ("x", "model")))) == ["w"]
    for key, words in (("epoch", "no weights at this key"), ("a.b", 'nothing at this key: "a.b"; the keys are "epoch"')):
        with pytest.raises(ValueError, match=words):
            state_dict(content, key=key)
    with pytest.raises(ValueError, match="nothing at this key"):
        state_dict(content, key=[])


def test_a_path_is_loaded(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(forge(dict_of(epoch=b"K\x01", mine=MODULE) + b".", {"0": bytes(8)}))
    for spelled in (str(path), path, pathlib.PurePath(path)):
        assert list(state_dict(spelled)) == ["weight"]
    assert list(state_dict(path, key="mine")) == ["weight"]
    with pytest.raises(FileNotFoundError):
        state_dict(tmp_path / "other.pt")


def test_containers_that_share_without_end_and_go_deep_are_walked_once():
    twice, deep = [], []
    for _ in range(60):
        twice = [twice, twice]
    for _ in range(200_000):
        deep = [deep]
    around: list = []
    around.append(around)
    weight = loaded(W)
    content = {"w": weight, "twice": twice, "deep": deep, "around": around, "n": types.SimpleNamespace(a=[weight])}
    found = state_dict(content)
    assert list(found) == ["w", "n"]
    while deep:
        deep = deep.pop()


@pytest.mark.parametrize("part", [b"h\x01", symbol("pkg", "C") + b")\x81h\x01b"], ids=["dict", "state"])
def test_parts_that_share_a_large_one_are_not_looked_at_for_ever(part):
    count = 5000
    large = b"}(" + b"".join(b"J" + i.to_bytes(4, "little") + b"N" for i in range(count)) + b"uq\x01"
    rest = b"".join(b"J" + i.to_bytes(4, "little") + part for i in range(count))
    content = loaded(b"}(K\x00" + large + rest + text("model") + dict_of(w=W) + b"u")
    with pytest.raises(Error, match="too much to look through for weights") as caught:
        state_dict(content)
    assert caught.value.code == "limit" and list(state_dict(content, key="model")) == ["w"]


def test_a_dynamically_quantized_module_takes_its_state_back(torch, round_trip):
    live = torch.ao.nn.quantized.dynamic.Linear(3, 2)
    found = state_dict(round_trip(live.state_dict()))
    assert list(found) == list(live.state_dict())
    torch.ao.nn.quantized.dynamic.Linear(3, 2).load_state_dict(found)


@pytest.mark.parametrize("value, kind", [(7, "int"), ([], "list"), ({}, "dict"), (None, "NoneType"), (b"model.pt", "bytes")])
def test_what_is_no_checkpoint_says_what_it_is(value, kind):
    with pytest.raises(ValueError, match=f"this is a {kind}"):
        state_dict(value)


def test_an_object_that_is_no_module_says_its_class():
    with pytest.raises(ValueError, match=r"this is a pkg\.C, neither"):
        state_dict(loaded(symbol("pkg", "C") + b")\x81"))


def test_versions_of_modules_stay_with_the_weights(torch, round_trip):
    live = torch.nn.DataParallel(torch.nn.BatchNorm1d(2))
    content = round_trip({"model": live.state_dict()})
    found = strip_prefix(state_dict(content))
    assert dict(state_dict(content)._metadata) == dict(live.state_dict()._metadata)
    assert dict(found._metadata) == dict(live.module.state_dict()._metadata) and list(found) == list(live.module.state_dict())
    torch.nn.BatchNorm1d(2).load_state_dict(found)


# ---- prefixes


def test_a_prefix_is_taken_off_in_order():
    names = {"module.b": 1, "other": 2, "module.a": 3, "module.module.c": 4, "submodule.d": 5}
    found = strip_prefix(names, "module.")
    assert type(found) is collections.OrderedDict
    assert list(found.items()) == [("b", 1), ("other", 2), ("a", 3), ("module.c", 4), ("submodule.d", 5)]
    assert list(names)[0] == "module.b"


def test_the_usual_prefixes_go_in_whatever_order_they_stand():
    names = {"module._orig_mod.a": 1, "_orig_mod.module.b": 2, "_orig_mod.c": 3, "module.d": 4, "e": 5}
    assert list(strip_prefix(names)) == ["a", "b", "c", "d", "e"]
    assert list(strip_prefix({"module.module.a": 1})) == ["module.a"]
    assert list(strip_prefix({"net.module.a": 1}, ["net.", "module."])) == ["a"]


def test_names_that_become_one_are_an_error():
    with pytest.raises(ValueError, match='"a"'):
        strip_prefix({"module.a": 1, "a": 2}, "module.")
    with pytest.raises(ValueError, match='"a"'):
        strip_prefix({"module.a": 1, "_orig_mod.a": 2})


def test_names_that_are_no_text_stay():
    assert list(strip_prefix({3: 1, b"module.a": 2, "module.": 4})) == [3, b"module.a", ""]


def test_a_record_of_a_dict_is_a_mapping_and_other_things_are_not():
    record = loaded(symbol("pkg", "D") + b")\x81" + text("module.w") + W + b"s")
    assert list(strip_prefix(record)) == ["w"]
    for wrong in ([("module.a", 1)], None, "module.a"):
        with pytest.raises(TypeError, match="must be a mapping"):
            strip_prefix(wrong)


def test_wrapped_and_compiled_weights_fit_the_plain_module(torch, round_trip):
    live = torch.nn.Linear(2, 3)
    wrapped = torch.nn.DataParallel(torch.compile(live))
    assert set(wrapped.state_dict()) == {"module._orig_mod.weight", "module._orig_mod.bias"}
    found = strip_prefix(state_dict(round_trip({"model": wrapped.state_dict()})))
    torch.nn.Linear(2, 3).load_state_dict(found)
    assert torch.equal(found["weight"], live.weight)


def test_wrappers_inside_a_module_are_taken_out_of_its_names(torch, round_trip):
    wrap = pytest.importorskip("torch.distributed.algorithms._checkpoint.checkpoint_wrapper").checkpoint_wrapper
    plain = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.Linear(3, 1)))
    live = torch.nn.Sequential(torch.compile(plain[0]), torch.nn.Sequential(torch.compile(wrap(plain[1][0]))))
    content = round_trip(dict(live.named_parameters()))
    assert "1.0._orig_mod._checkpoint_wrapped_module.weight" in content
    assert list(strip_prefix(content)) == list(plain.state_dict())
    names = {"layers.0._fsdp_wrapped_module.w": 1, "x_orig_mod.w": 2, "a._orig_mod": 3, "_orig_mod._orig_mod.b": 4}
    assert list(strip_prefix(names)) == ["layers.0.w", "x_orig_mod.w", "a._orig_mod", "b"]
    assert list(strip_prefix(names, "module.")) == list(names)
    with pytest.raises(ValueError, match='"a.b"'):
        strip_prefix({"a.b": 1, "a._orig_mod.b": 2})


def test_the_helpers_hang_on_the_function_too():
    assert safe_load.state_dict is sl.state_dict and safe_load.strip_prefix is sl.strip_prefix
