"""Tensors equal torch's own, bit for bit, and share memory as they did."""

import io

import pytest
from forge import call, forge, storage, symbol, tensor, text

import safe_load as package
from safe_load import safe_load

DTYPES = (
    "uint8 int8 int16 int32 int64 float16 float32 float64 complex32 complex64 complex128 bool bfloat16 "
    "uint16 uint32 uint64 float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu "
    "float4_e2m1fn_x2 bits8 bits16 bits1x8 bits2x4 bits4x2"
).split()


def layouts(torch):
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    made = {"plain": base, "transposed": base.transpose(0, 2), "sliced": base[:, 1:, ::2], "offset": base[1]}
    made |= {"expanded": base[:1, :1].expand(5, 3, 4), "scalar": torch.tensor(3.0), "empty": torch.zeros(0, 3)}
    made |= {"channels last": torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)}
    made |= {"size one with an odd stride": base.as_strided((2, 1, 3), (3, 99, 1)), "six": base.reshape(1, 2, 1, 3, 1, 4)}
    made |= {"parameter": torch.nn.Parameter(base.clone()), "frozen": torch.nn.Parameter(base.clone(), False)}
    made |= {"with a gradient": base.clone().requires_grad_()}
    complex_one = torch.tensor([0j, 1 + 2j, 2 + 4j, 3 + 6j])
    made |= {"conjugated": complex_one.conj(), "negated": complex_one.conj().imag, "overlapping": base.as_strided((3, 3), (1, 1))}
    return made


def difference(a, b):
    from deep_equal import difference

    return difference(a, b)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_is_read_bit_for_bit(name, torch, round_trip, tmp_path):
    raw = torch.randint(0, 256, (64,), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    raw = raw % 2 if name == "bool" else raw
    value = raw.view(getattr(torch, name))
    loaded = round_trip({"t": value, "part": value[2:]})
    assert difference(loaded, torch.load(tmp_path / "value.pt")) is None
    assert loaded["t"].dtype == value.dtype and loaded["t"].view(torch.uint8).equal(raw)


def test_every_layout_is_read_as_it_is(torch, round_trip, tmp_path):
    values = layouts(torch)
    for name, value in values.items():
        assert difference(round_trip(value), torch.load(tmp_path / "value.pt")) is None, name
    # The negated one is a view of real numbers on the storage of complex ones: torch saves no such pair.
    del values["negated"]
    assert difference(round_trip(values), torch.load(tmp_path / "value.pt")) is None


def test_small_values_of_torch_are_read(torch, round_trip):
    values = [torch.float32, torch.bfloat16, torch.Size([1, 2]), torch.device("cuda", 1), torch.device("cpu")]
    values += [torch.strided, torch.sparse_coo, torch.per_tensor_affine]
    assert difference(round_trip(values), values) is None


def test_sharing_survives_and_costs_nothing(torch, round_trip, tmp_path):
    weight = torch.randn(100, 100)
    tied = torch.nn.Parameter(weight)
    value = {"a": weight, "b": weight, "row": weight[3], "t": weight.T, "wide": weight[:1].expand(50, 100), "tied": [tied, tied]}
    loaded = round_trip(value)
    assert loaded["a"] is loaded["b"] and loaded["tied"][0] is loaded["tied"][1]
    loaded["a"][3] = 7
    assert (loaded["row"] == 7).all() and (loaded["t"][:, 3] == 7).all() and (loaded["tied"][0][3] == 7).all()
    for name in value:
        original, again = io.BytesIO(), io.BytesIO()
        torch.save({name: value[name]}, original)
        torch.save({name: loaded[name]}, again)
        assert again.tell() <= original.tell() * 1.01, name
    again = io.BytesIO()
    torch.save(loaded, again)
    assert again.tell() <= (tmp_path / "value.pt").stat().st_size * 1.01


def test_views_of_another_element_type_share_their_storage(torch, round_trip, tmp_path):
    base = torch.arange(8, dtype=torch.int32).to(torch.uint16)
    loaded = round_trip([base, base.view(torch.uint32), base.view(torch.float8_e5m2)])
    assert len({t.untyped_storage()._cdata for t in loaded}) == 1
    torch.save(loaded, tmp_path / "value.again")
    assert (tmp_path / "value.again").stat().st_size <= (tmp_path / "value.pt").stat().st_size


@pytest.mark.parametrize("options", [{}, {"mmap": False}, {"map_location": lambda s, _: s.clone()}])
@pytest.mark.parametrize("name", ["tied", "sliced", "expanded", "transposed", "of a parameter", "saved alone"])
def test_saving_again_makes_nothing_larger(name, options, torch, round_trip, tmp_path):
    base = torch.randn(1000, 10)
    value = {
        "tied": [base, base, torch.nn.Parameter(base)],
        "sliced": [base[::2], base[5]],
        "expanded": [base[:1].expand(10_000, 10)],
        "transposed": [base.T, base],
        "of a parameter": [torch.nn.Parameter(base), torch.nn.Parameter(base).data[3:]],
        "saved alone": [base[7].clone()],
    }[name]
    loaded = round_trip(value, **options)
    torch.save(loaded, tmp_path / "value.again")
    assert (tmp_path / "value.again").stat().st_size <= (tmp_path / "value.pt").stat().st_size


def test_writes_never_reach_the_file(torch, round_trip, tmp_path):
    loaded = round_trip({"w": torch.zeros(5000)}, mmap=True)
    before = (tmp_path / "value.pt").read_bytes()
    loaded["w"].fill_(1)
    assert (tmp_path / "value.pt").read_bytes() == before and loaded["w"].sum() == 5000


def test_tensors_outlive_everything_else(torch, round_trip, tmp_path):
    for mmap in (True, False):
        weight = round_trip({"w": torch.ones(1000)}, mmap=mmap)["w"]
        (tmp_path / "value.pt").unlink()
        assert weight.sum() == 1000


def test_attributes_of_tensors_survive(torch, round_trip):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.note = {"a": 1}
    buffer = torch.nn.Buffer(torch.zeros(2))
    loaded = round_trip([parameter, buffer])
    assert type(loaded[0]) is torch.nn.Parameter and loaded[0].note == {"a": 1}
    assert loaded[1].persistent is True and torch.equal(loaded[1], buffer)


def test_bare_storages_keep_their_type_and_their_sharing(torch, round_trip):
    weight = torch.arange(4.0)
    untyped = round_trip(weight.byte().untyped_storage())
    assert type(untyped) is torch.UntypedStorage and untyped.tolist() == [0, 1, 2, 3]
    typed = torch.storage.TypedStorage(wrap_storage=weight.untyped_storage(), dtype=torch.float32, _internal=True)
    typed, tensor = round_trip([typed, weight])
    assert type(typed) is torch.storage.TypedStorage and typed.dtype == torch.float32
    assert typed._untyped_storage.data_ptr() == tensor.data_ptr()


def test_tensor_of_an_unknown_class_is_kept_inside_its_record(torch):
    inner = b"(" + storage("0", 2) + b"K\x00K\x02\x85K\x01\x85\x89" + symbol("collections", "OrderedDict") + b")Rt"
    made = call("torch._tensor", "_rebuild_from_type_v2", symbol("torch._utils", "_rebuild_tensor_v2"), symbol("pkg", "MyTensor"), inner, b"}" + text("x") + b"K\x01s")
    loaded = safe_load(forge(made + b".", {"0": bytes(8)}), unknown="opaque")
    assert loaded.cls == "pkg.MyTensor" and loaded.state == {"x": 1} and loaded.args[0].shape == (2,)


@pytest.mark.parametrize("kind, dtype", [("FloatStorage", "float32"), ("ShortStorage", "int16"), ("ComplexFloatStorage", "complex64")])
def test_big_endian_files_are_swapped_by_element(kind, dtype, torch, np):
    values = np.arange(1, 5).astype(dtype)
    content = values.astype(values.dtype.newbyteorder(">")).tobytes()
    loaded = safe_load(forge(b"(" + tensor("0", 4, kind) + tensor("0", 4, kind) + b"t.", {"0": content}, byteorder=b"big"))
    assert loaded[0].numpy().tolist() == values.tolist()
    assert loaded[0].untyped_storage().data_ptr() == loaded[1].untyped_storage().data_ptr()


FORGED = {
    "a record that is too short": (tensor("0", 4), {"0": bytes(15)}, "differ in size"),
    "a record that is too long": (tensor("0", 4), {"0": bytes(17)}, "differ in size"),
    "no record": (tensor("0", 4), {}, "not in the archive"),
    "one key, two sizes": (b"(" + tensor("0", 4) + tensor("0", 2) + b"t", {"0": bytes(16)}, "differ in size"),
    "an unknown storage": (tensor("0", 4, "EvilStorage"), {"0": bytes(16)}, "unknown class"),
    "a size as a constructor": (call("torch.storage", "UntypedStorage", b"M\xff\xff"), {}, "is a value"),
    "a tensor of a size": (call("torch", "Tensor", b"M\xff\xff"), {}, "arguments it never gets"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_tensor_is_a_damaged_value(name, torch):
    pickle, storages, reason = FORGED[name]
    with pytest.raises(package.Error, match=reason) as caught:
        safe_load(forge(pickle + b".", storages))
    assert caught.value.offset > 0 and caught.value.issues[0]["path"].startswith("$")


def test_item_set_on_a_tensor_refuses_the_file(torch):
    with pytest.raises(package.Error, match="keys are set"):
        safe_load(forge(tensor("0", 4) + b"K\x00K\x01s.", {"0": bytes(16)}))


def test_sparse_tensors_of_torch_before_0_4_are_what_torch_makes_of_them(torch):
    kinds = {"Byte": torch.uint8, "Double": torch.float64, "Float": torch.float32, "Long": torch.int64, "Half": torch.float16}
    for name, dtype in kinds.items():
        values = torch.tensor([1, 2], dtype=dtype)
        indices = call(
            "torch._utils", "_rebuild_tensor_v2", storage("1", 2, "LongStorage"), b"K\x00",
            b"K\x01K\x02\x86", b"K\x02K\x01\x86", b"\x89", symbol("collections", "OrderedDict") + b")R",
        )  # fmt: skip
        made = call("torch.sparse", f"{name}Tensor", indices, tensor("0", 2, f"{name}Storage"), b"K\x05\x85")
        pickle = b"\x80\x02" + made + b"."
        content = forge(pickle, {"0": values.numpy().tobytes(), "1": torch.tensor([0, 4]).numpy().tobytes()})
        ours, theirs = safe_load(io.BytesIO(content)), torch.load(io.BytesIO(content), weights_only=True)
        assert ours.dtype == theirs.dtype == dtype and ours.shape == theirs.shape == (5,)
        assert ours.is_coalesced() == theirs.is_coalesced() and ours.to_dense().equal(theirs.to_dense())


def test_a_sparse_tensor_is_coalesced_only_if_its_indices_are(torch):
    def saved(columns):
        indices = torch.tensor(columns).t().reshape(2, -1)
        values = torch.ones(len(columns))
        tensor = torch.sparse_coo_tensor(indices, values, (3, 3), check_invariants=False)._coalesced_(True)
        stream = io.BytesIO()
        torch.save(tensor, stream)
        return safe_load(stream.getvalue())

    assert saved([[0, 0], [0, 2], [1, 0]]).is_coalesced()
    assert saved([[1, 1]]).is_coalesced()
    for columns in ([[0, 0], [0, 0]], [[0, 2], [0, 1]], [[1, 0], [0, 2]]):
        assert not saved(columns).is_coalesced()


def saved_and_loaded(torch, value, **options):
    stream = io.BytesIO()
    torch.save(value, stream)
    return safe_load(stream.getvalue(), **options)


def test_tensors_of_several_parts_keep_their_attributes(torch):
    dense = torch.eye(2)
    for tensor in (dense.to_sparse(), dense.to_sparse_csr(), torch.nested.nested_tensor([dense, dense])):
        tensor.note = 3
        assert saved_and_loaded(torch, tensor).note == 3


@pytest.mark.filterwarnings("ignore")
def test_a_quantized_parameter_stays_a_parameter(torch):
    quantized = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    parameter = torch.nn.Parameter(quantized, requires_grad=False)
    assert type(saved_and_loaded(torch, parameter)) is torch.nn.Parameter


def test_without_torch_a_meta_tensor_is_a_view_without_data(torch):
    view = saved_and_loaded(torch, torch.empty(2, device="meta"), framework="numpy")
    assert isinstance(view, package.TensorView) and view.shape == (2,)
