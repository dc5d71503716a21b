"""Every element type at every address: nothing that torch does with a loaded tensor crashes or differs.

torch's kernels count on what its own allocator gives. Files that torch did not lay out (legacy, repacked, tar,
safetensors) have tensors at any offset. Each run is a child, whose death is seen.
"""

import child
import pytest

PROGRAM = """
import io, itertools, sys, warnings, zipfile
import torch
from safe_load import safe_load, open as open_file
warnings.simplefilter("ignore")
torch.set_num_threads(1)

def legacy(value, shift):
    stream = io.BytesIO()
    torch.save({"k" * shift: value}, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()

def repacked(value, shift):
    stream, out = io.BytesIO(), io.BytesIO()
    torch.save({"k": value}, stream)
    with zipfile.ZipFile(io.BytesIO(stream.getvalue())) as file, zipfile.ZipFile(out, "w") as packed:
        packed.comment = b""
        for entry in file.infolist():
            name = entry.filename.replace("archive/", "a" * shift + "/")
            packed.writestr(zipfile.ZipInfo(name), file.read(entry))
    return out.getvalue()

def equal(a, b):
    a, b = (t.resolve_conj().resolve_neg().contiguous() for t in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.view(torch.uint8).equal(b.view(torch.uint8))

def tried(operation, tensor):
    try:
        return operation(tensor)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        return type(error).__name__

def same(ours, theirs):
    return ours == theirs if isinstance(ours, str) or isinstance(theirs, str) else equal(ours, theirs)

OPERATIONS = {
    "clone": lambda t: t.clone(),
    "copy_": lambda t: torch.empty_like(t).copy_(t),
    "fill_": lambda t: t.fill_(t.flatten()[0].item()),
    "add": lambda t: t + t,
    "to": lambda t: t.to(torch.complex64),
    "float": lambda t: t.to(torch.float32),
    "load": lambda t: torch.zeros_like(t).copy_(t),
    "sum": lambda t: t.sum().reshape(1),
}
dtypes = [getattr(torch, name) for name in sys.argv[2].split(",")]
make = {"legacy": legacy, "repacked": repacked}[sys.argv[1]]
path, seen = sys.argv[3], set()
for dtype, shift, size in itertools.product(dtypes, range(1, 65), (1, 3, 7, 33)):
    value = (torch.arange(size * dtype.itemsize) % 120).to(torch.uint8).view(dtype).clone()
    data = make(value, shift)
    with open(path, "wb") as stream:
        stream.write(data)
    loaded = safe_load(path, mmap=True) if shift % 2 else safe_load(data)
    ours = next(iter(loaded.values()))
    seen.add(ours.data_ptr() % 64)
    for name, operation in OPERATIONS.items():
        assert same(tried(operation, ours), tried(operation, value)), (dtype, shift, size, name)
assert seen == {0}, seen
print("done")
"""

DTYPES = (
    "complex128 complex64 complex32 float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 "
    "uint64 bool float8_e4m3fn float8_e5m2 float8_e8m0fnu"
).split()


@pytest.mark.parametrize("layout", ["legacy", "repacked"])
@pytest.mark.parametrize("some", [DTYPES[i::4] for i in range(4)], ids=",".join)
def test_nothing_crashes_or_differs(torch, layout, some, tmp_path):
    names = ",".join(name for name in some if hasattr(torch, name))
    assert child.run(PROGRAM, layout, names, tmp_path / "x.pt", seconds=300) == "done\n"


def test_small_storages_are_freed_apart_from_large_ones(torch, tmp_path):
    """A tensor that is kept does not keep the file."""
    said = child.run(
        """
import sys, torch
from safe_load import safe_load, open as open_file
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096 >> 20
torch.save([torch.ones(1 << 20) for _ in range(64)] + [torch.ones(3)], sys.argv[1])
begin = resident()
loaded = safe_load(sys.argv[1])
assert resident() - begin > 200, (resident(), begin)
last = loaded[-1]
del loaded[:-1], loaded
assert resident() - begin < 60, (resident(), begin)
assert last.sum() == 3
with open_file(sys.argv[1], mmap=False) as handle:
    for name in handle.keys():
        assert handle.get_tensor(name).sum() > 2
assert resident() - begin < 90, (resident(), begin)
print("done")
""",
        tmp_path / "x.pt",
    )
    assert said == "done\n"
