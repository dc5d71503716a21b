"""scan() and scan_many(): what they take and what they give."""

import contextlib
import io
import itertools
import json
import os
import pickle
import subprocess
import sys
import threading

import pytest

import safe_load
from safe_load import Error, ScanReport, Severity, Verdict, scan, scan_many

EVIL = b"cos\ngetcwd\n(tR."


def test_takes_a_path_bytes_a_file_and_a_descriptor(example):
    content = example.read_bytes()
    reports = [scan(example), scan(str(example)), scan(content), scan(bytearray(content)), scan(io.BytesIO(content))]
    with example.open("rb") as file:
        file.seek(7)
        reports += [scan(file), scan(file.fileno())]
        assert file.tell() == 7
    assert {report.verdict for report in reports} == {Verdict.SAFE}
    assert {report.size for report in reports} == {len(content)}
    assert reports[0].path == str(example)


def test_a_safe_file_was_covered_and_hardly_read(torch, tmp_path):
    path = tmp_path / "large.pt"
    torch.save({"w": torch.zeros(1 << 20)}, path)
    report = scan(path)
    assert report.verdict is Verdict.SAFE and report.coverage.complete
    assert report.coverage.bytes_covered == report.size > 1 << 22
    assert report.coverage.bytes_read < 1 << 18


def test_a_dangerous_file_says_what_and_where():
    report = scan(EVIL)
    assert report.verdict is Verdict.DANGEROUS
    (finding,) = report.findings
    assert (finding.rule, finding.severity, finding.path) == ("SL-G01", Severity.DANGER, "$")
    assert (finding.module, finding.name, finding.args, finding.opcode) == ("os", "getcwd", "()", "REDUCE")
    assert finding.advisories and finding.advice


def test_records_are_json():
    report = scan(EVIL)
    assert json.loads(report.to_json()) == report.to_dict()
    assert report.to_dict()["verdict"] == "DANGEROUS"


def test_a_verdict_is_printed_as_its_name_and_stays_a_number():
    assert str(Verdict.SAFE) == f"{Verdict.SAFE}" == "SAFE" and f"{Severity.DANGER:>8}|" == "  DANGER|"
    assert int(Verdict.SAFE) == 0 and Verdict.DANGEROUS > Verdict.UNKNOWN == 1 and Severity(3) is Severity.DANGER
    assert json.dumps(Verdict.DANGEROUS) == "3" and repr(Severity.NOTE) == "<Severity.NOTE: 0>"
    assert pickle.loads(pickle.dumps(Verdict.INCOMPLETE)) is Verdict.INCOMPLETE


def test_raise_if_lists_what_was_found():
    report = scan(EVIL)
    with pytest.raises(Error, match=r"SL-G01 os.getcwd is called.* at \$"):
        report.raise_if(Verdict.UNKNOWN)
    scan(pickle.dumps([1])).raise_if(Verdict.UNKNOWN)


@pytest.mark.parametrize("value", [
    scan(EVIL), Verdict.SAFE, Severity.DANGER, scan(EVIL).findings[0], scan(EVIL).coverage, Error("a"),
    safe_load.Placement("Shard", 0),
], ids=lambda value: type(value).__name__)
def test_values_of_ours_that_a_program_saved_are_never_dangerous(value):
    try:
        content = pickle.dumps({"value": value})
    except TypeError as error:
        pytest.skip(f"cannot be pickled: {error}")
    assert scan(content).verdict in (Verdict.SAFE, Verdict.UNKNOWN)


def test_strict_counts_notes():
    text = pickle.dumps(pickle.dumps([1], 4))
    assert [f.rule for f in scan(text).findings] == ["SL-N01"]
    assert scan(text).verdict is Verdict.SAFE
    assert scan(text, strict=True).verdict is Verdict.UNKNOWN


def test_deep_checks_every_record(torch, tmp_path):
    path = tmp_path / "damaged.pt"
    torch.save({"w": torch.arange(1000.0)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(b"\0\0\x80\x3f")] ^= 1
    assert scan(bytes(content)).verdict is Verdict.SAFE
    report = scan(bytes(content), deep=True)
    assert report.verdict is Verdict.UNKNOWN and [f.rule for f in report.findings] == ["SL-C03"]


def test_findings_are_bounded_and_dropping_changes_no_verdict():
    many = b"".join(f"cm{i}\nx\n0".encode() for i in range(50)) + EVIL
    report = scan(many, max_findings=5)
    assert len(report.findings) == 5 and report.findings_dropped == 46
    assert report.verdict is Verdict.DANGEROUS and report.findings[0].rule == "SL-G01"


def test_equal_findings_become_one():
    (finding,) = scan(b"(" + b"cmylib\nThing\n)\x81" * 500 + b"t.").findings
    assert finding.count == 500


def test_what_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "nothing")
    with pytest.raises(Error, match="a folder, not a file"):
        scan(tmp_path)
    with pytest.raises(TypeError):
        scan(3.5)


def test_scan_many_keeps_the_order(tmp_path):
    paths = []
    for i in range(50):
        paths.append(tmp_path / f"{i}.pkl")
        paths[-1].write_bytes(EVIL if i % 3 == 0 else pickle.dumps(i))
    reports = list(scan_many(iter(paths), jobs=4))
    assert [report.path for report in reports] == [str(path) for path in paths]
    assert [report.verdict is Verdict.DANGEROUS for report in reports] == [i % 3 == 0 for i in range(50)]
    assert all(isinstance(report, ScanReport) for report in reports)


def test_nothing_is_imported():
    code = "import sys, safe_load; safe_load.scan(b'cantigravity\\nx\\n.'); print('antigravity' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_function_carries_it():
    assert safe_load.safe_load.scan is scan


def test_a_file_that_changes_meanwhile_is_incomplete(tmp_path):
    path = tmp_path / "busy.pkl"
    path.write_bytes(pickle.dumps([f"text {i}" for i in range(300_000)]))
    stop = threading.Event()

    def touch():
        while not stop.is_set():
            os.utime(path)

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        report = scan(path)
    finally:
        stop.set()
        thread.join()
    assert report.verdict is Verdict.INCOMPLETE and "SL-H03" in [f.rule for f in report.findings]
    assert scan(path).verdict is Verdict.SAFE


def test_no_file_is_mapped(tmp_path):
    path = tmp_path / "large.pkl"
    path.write_bytes(pickle.dumps([f"text {i}" for i in range(300_000)]))
    seen = []

    def look():
        while not done.is_set():
            with open("/proc/self/maps") as maps:
                seen.append(str(path) in maps.read())

    done = threading.Event()
    thread = threading.Thread(target=look)
    thread.start()
    scan(path)
    done.set()
    thread.join()
    assert seen and not any(seen)


class Recording:
    """What an unpickler asks for."""

    def __init__(self, base, content):
        asked = self.asked = []

        class Unpickler(base):
            def find_class(self, module, name):
                asked.append((module, name))
                return lambda *args: None

            def persistent_load(self, pid):
                asked.append(pid)

        with contextlib.suppress(Exception):
            Unpickler(io.BytesIO(content)).load()


@pytest.mark.parametrize("first", [0x80, 0x50], ids=["PROTO", "PERSID"])
def test_headers_of_safetensors_that_begin_like_a_pickle_are_safe(first):
    """Two of the 32 bytes with which such files begin. Both unpicklers of CPython say where something is asked for."""
    row = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    safe = 0
    for second, data in itertools.product(range(256), (b"\0\0\x80?\0\0\0@", bytes(8))):
        length = first + (second << 8)
        content = length.to_bytes(8, "little") + row.ljust(length) + data
        verdict = scan(content).verdict
        asks = any(Recording(base, content).asked for base in (pickle.Unpickler, pickle._Unpickler))
        assert verdict is Verdict.SAFE or asks or length == 0x4B50, hex(length)  # which begins with PK
        assert not (asks and verdict is Verdict.SAFE), hex(length)
        safe += verdict is Verdict.SAFE
    assert safe >= (2 * 256 if first == 0x80 else 254)


@pytest.mark.parametrize("head", [b"\x80\x22", b"\x80\x22\x80\x06"])
def test_what_goes_on_behind_a_new_protocol_is_not_safe(head):
    assert scan(head + b"cos\nsystem\n(S'x'\ntR.").verdict is Verdict.DANGEROUS
    assert scan(head + b"I1\n.").verdict is not Verdict.SAFE
    assert scan(head + b"N\0").verdict is not Verdict.SAFE
