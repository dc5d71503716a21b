"""What an error says: what the file really is, where, what still works, and a safe next step; on one screen."""

import io
import os
import zipfile

import pytest
from forge import call, forge, symbol, tensor, text

import safe_load as package
from safe_load import safe_load


def archive(**records: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        for name, content in records.items():
            out.writestr(f"m/{name.replace('__', '/')}", content)
    return stream.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4100000000\n"
WRAPPER = symbol("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}" + text("shape") + b"K\x02\x85sb"
HEADER = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
WHOLE = forge(tensor("0", 100) + b".", {"0": bytes(400)})

FILES = {
    "git-lfs pointer": (POINTER, ["Git LFS pointer", "135 bytes", "git lfs pull", "the real file has", "sha256:"]),
    "web page": (b"<!DOCTYPE html><html><title>Login</title></html>", ["web page", "<!DOCTYPE", "Login", "48 bytes"]),
    "json": (b'{"error": "Unauthorized"}', ["JSON", "Unauthorized"]),
    "cut off": (WHOLE[:-30], ["cut off", "download", f"{len(WHOLE) - 30} bytes", "last whole record is archive/"]),
    "cut early": (WHOLE[:200], ["cut off", "download"]),
    "short storage": (forge(tensor("0", 100) + b".", {"0": bytes(396)}), ["differ in size", "396 bytes in the archive, 400 in the pickle", "archive/data.pkl+0x", "$"]),
    "safetensors that is cut off": (len(HEADER).to_bytes(8, "little") + HEADER + bytes(3), ["ends before the end of a tensor: w"]),
    "GGUF": (b"GGUF\3\0\0\0" + bytes(56), ["GGUF"]),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(56), ["HDF5"]),
    "another zip": (archive(readme=b"hello"), ["data.pkl"]),
    "empty": (b"", ["empty"]),
    "zeros": (bytes(4096), ["zero bytes", "copy it again"]),
    "joblib": (b"\x80\x04" + WRAPPER + bytes(range(16)) + b".", ["array of joblib", "NumpyArrayWrapper", "byte 58"]),
    "joblib with arrays that look like opcodes": (b"\x80\x04" + WRAPPER + b"NNN0000.", ["array of joblib"]),
    "random": (b"\x93\x1f\x8b\x00 no such format", ["no format that is known"]),
}


@pytest.mark.parametrize("name", FILES)
def test_the_message_names_what_the_file_really_is(name, tmp_path):
    content, words = FILES[name]
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(package.Error) as caught:
        safe_load(tmp_path / "model.pt")
    message = str(caught.value)
    assert message.startswith("safe_load: model.pt")
    for word in words:
        assert word.lower() in message.lower(), message


def test_sources_without_a_name_are_called_what_they_are():
    for source, name in ((b"nothing", "the bytes"), (io.BytesIO(b"nothing"), "the stream")):
        with pytest.raises(package.Error, match=f"^safe_load: {name}: "):
            safe_load(source)


def test_what_was_readable_is_counted():
    content = b"}(" + text("good") + tensor("0", 2) + text("bad") + tensor("1", 2) + text("x") + symbol("pkg", "C") + b")\x81u."
    with pytest.raises(package.Error) as caught:
        safe_load(forge(content, {"0": bytes(8)}))
    message = str(caught.value)
    assert "1 tensor and all plain values are readable" in message and "1 tensor in it" in message


def test_damaged_values_and_unknown_names_come_together():
    parts = b"".join(text(f"bad{i}") + tensor(f"missing{i}", 2) for i in range(3))
    parts += b"".join(text(f"odd{i}") + call("pkg", f"C{i}") for i in range(4))
    with pytest.raises(package.Error) as caught:
        safe_load(forge(b"}(" + parts + b"u."))
    error = caught.value
    assert [row.name for row in error.globals] == ["pkg.C0", "pkg.C1", "pkg.C2", "pkg.C3"]
    assert [row.path for row in error.globals] == [f'$["odd{i}"]' for i in range(4)]
    assert [issue["path"] for issue in error.issues] == [f'$["bad{i}"]' for i in range(3)]
    for row in error.globals:
        assert f"{row.name}  1x  at {row.path}" in str(error)
    for issue in error.issues:
        assert issue["message"] in str(error) and issue["path"] in str(error)
    assert (error.member, error.offset) == ("archive/data.pkl", error.issues[0]["offset"])


def test_a_dangerous_name_is_named_in_any_mode():
    content = forge(b"}" + text("optimizer") + b"}" + text("state") + b"]" + call("posix", "system", text("true")) + b"ass.")
    with pytest.raises(package.Error) as caught:
        safe_load(content)
    said = str(caught.value)
    assert 'posix.system is called, at $["optimizer"]["state"][0]: starts programs or runs shell commands' in said
    assert "Delete the file" in said and "opaque" not in said and "unknown" not in said
    assert caught.value.code == "danger" and caught.value.globals[0].danger
    with pytest.warns(UserWarning, match="posix.system is called"):
        loaded = safe_load(content, unknown="opaque")
    assert loaded["optimizer"]["state"][0].cls == "posix.system"
    assert [row["name"] for row in package.inspect(content).unknown_globals] == ["posix.system"]


def test_the_message_fits_a_screen_and_the_attributes_hold_everything():
    many = b"".join(call("pkg." + "long" * 200, f"C{i}") for i in range(500)) + b"".join(tensor(f"k{i}", 2) for i in range(500))
    with pytest.raises(package.Error) as caught:
        safe_load(forge(b"(" + many + b"l."))
    lines = str(caught.value).splitlines()
    assert len(lines) < 40 and max(map(len, lines)) < 240 and len(str(caught.value)) < 8000
    assert len(caught.value.globals) == 500 and len(caught.value.issues) == 500
    assert "488 more in the attribute globals" in str(caught.value)


@pytest.mark.parametrize("name", ["\x1b[31mred.pt", "right\u202eto left.pt", "line\nbreak.pt", "x" * 200 + ".pt", os.fsdecode(b"caf\xe9.pt")])
def test_names_of_files_are_escaped_and_bounded(name, tmp_path):
    (tmp_path / name).write_bytes(forge(symbol("pkg", "C") + b"."))
    broken = tmp_path / f"{name[:-3]}2.pt"
    broken.write_bytes(b"nothing")
    for path in (tmp_path / name, broken):
        with pytest.raises(package.Error) as caught:
            safe_load(path)
        first = str(caught.value).split(" holds ")[0].split(": this is")[0]
        assert first.isprintable() and first.isascii() and len(first) < 120


def test_every_error_is_an_unpickling_error_with_all_its_attributes(tmp_path):
    import pickle

    for content in [content for content, _ in FILES.values()] + [forge(symbol("pkg", "C") + b".")]:
        with pytest.raises(pickle.UnpicklingError) as caught:
            safe_load(content)
        error = caught.value
        assert isinstance(error, (package.Error, RuntimeError)) and isinstance(error.code, str) and isinstance(error.offset, int)
        assert isinstance(error.member, str) and isinstance(error.globals, list) and isinstance(error.issues, list)
