"""The scorecard: each row of the scanner's catalogue as an attack with a harmless payload, and its honest twin."""

import pathlib
import re

import differential
import pytest
import scorecard
from assembler import Entry, call, legacy, npy, symbol, tar_of
from assembler import PAYLOAD, checkpoint, pickle_of, state_dict
from cases import cases

from safe_load import Severity, Verdict, safe_load, scan

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CASES = cases()
TWINS = {case.twin: case.file for case in CASES if case.twin is not None}  # many cases share one
# What no file shows: of what cannot be opened, changes meanwhile, or takes a worker along.
WITHOUT_FILE = {"R14", "R15", "H03", "H05"}


@pytest.mark.parametrize("case", CASES, ids=[case.file for case in CASES])
def test_case(case):
    assert scorecard.faults(case) == []


def test_no_case_is_below_its_floor():
    floor = scorecard.floor()
    assert floor.keys() == {case.file for case in CASES}
    for case in CASES:
        verdict = scan(case.content).verdict.name
        assert scorecard.ORDER.index(verdict) >= scorecard.ORDER.index(floor[case.file]), case.file


def test_every_rule_has_a_case():
    """And a row of the catalogue may have one without a rule of its own."""
    from safe_load._core import scan_rules

    rules = {rule.removeprefix("SL-") for rule in scan_rules() if not rule.startswith("SL-N")}
    assert rules <= {case.row for case in CASES} | WITHOUT_FILE


@pytest.mark.parametrize("twin", TWINS, ids=TWINS.values())
def test_twins_load(twin):
    """What is SAFE loads, without an inert record; with one, where the scanner vouches for its class."""
    is_vouched_for = any(finding.rule == "SL-G16" for finding in scan(twin).findings)
    safe_load(twin, framework="numpy", unknown="opaque" if is_vouched_for else "error")


def test_findings_have_their_place():
    report = scan(checkpoint(state_dict(b"](" + PAYLOAD + b"e")))
    danger = [finding for finding in report.findings if finding.severity is Severity.DANGER]
    assert [(f.rule, f.member, f.path, f.opcode) for f in danger] == [
        ("SL-G01", "archive/data.pkl", '$["extra"][0]', "REDUCE")
    ]


def test_what_is_thrown_away_has_no_path():
    (finding,) = scan(pickle_of(PAYLOAD + b"0N")).findings
    assert finding.path is None and finding.rule == "SL-G01"


@pytest.mark.parametrize("position", range(6))
def test_a_payload_anywhere_in_a_file_is_found(position):
    inside = [b"](" + PAYLOAD + b"e", b"(" + PAYLOAD + b"t", b"}X\1\0\0\0a" + PAYLOAD + b"s", PAYLOAD + b"2\x86",
              PAYLOAD + b"q\x050h\x05", b"(" + PAYLOAD + b"1N"][position]
    assert scan(checkpoint(state_dict(inside))).verdict is Verdict.DANGEROUS


def test_no_prefix_of_an_attack_is_safe():
    whole = checkpoint(pickle_of(PAYLOAD))
    assert all(scan(whole[:size]).verdict is not Verdict.SAFE for size in range(len(whole) + 1))


def test_the_order_of_members_does_not_matter():
    from assembler import checkpoint_entries, zip_of

    entries = [*checkpoint_entries(), Entry("archive/evil.pkl", pickle_of(PAYLOAD))]
    verdicts = {scan(zip_of(order)).verdict for order in (entries, entries[::-1], entries[2:] + entries[:2])}
    assert verdicts == {Verdict.DANGEROUS}


def test_safe_means_that_both_unpicklers_ask_for_known_names_only():
    assert differential.run(20_000, seed=3, jobs=1) == 0


def test_the_differential_check_can_fail(monkeypatch):
    monkeypatch.setattr(differential, "KNOWN", {("collections", "OrderedDict")})
    _, wrong = differential.check((1, 2000))
    assert wrong


@pytest.mark.parametrize("stream", range(5))
def test_offsets_count_in_the_whole_file(stream):
    honest = [b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", b"M\xe9\x03", b"}", b"N", b"]"][stream]
    content = legacy({stream: pickle_of(PAYLOAD + b"0" + honest)})
    danger = [finding for finding in scan(content).findings if finding.severity is Severity.DANGER]
    assert [finding.offset for finding in danger] == [content.index(PAYLOAD) + len(PAYLOAD) - 1]


CLEAN = pickle_of(b"}")
EVIL = pickle_of(PAYLOAD)


@pytest.mark.parametrize("content, member", [
    (EVIL, ""), (CLEAN + EVIL, ""), (CLEAN + CLEAN + EVIL, ""), (npy("<f4", (1,), b"1234" + EVIL), ""), (npy("|O", (1,), EVIL), ""),
    (b"I1\n." + EVIL, ""), (legacy(tail=EVIL), ""), (checkpoint(state_dict() + EVIL), "archive/data.pkl"),
    (checkpoint(more=[Entry("archive/x", CLEAN + EVIL)]), "archive/x"), (tar_of({"a.pkl": CLEAN + EVIL}), "a.pkl"),
], ids=["alone", "second", "third", "behind an array", "objects", "behind text", "behind streams", "behind data.pkl", "record", "tar"])
def test_offsets_count_in_the_member(content, member):
    """Of the REDUCE, wherever the pickle begins in what holds it."""
    start = content.index({"archive/data.pkl": state_dict(), "archive/x": CLEAN + EVIL, "a.pkl": CLEAN + EVIL}.get(member, content))
    places = {(f.member, f.offset) for f in scan(content).findings if f.rule == "SL-G01"}
    assert places == {(member, content.index(PAYLOAD) + len(PAYLOAD) - 1 - start)}


CALLABLE = re.compile(r'\b(?:call|stateful|old_tensor|sparse_tensor|storage)\("([^"]+)", "([^"]+)"')


def test_one_step_outside_of_each_schema_is_not_safe():
    """A dozen arguments are more than any known name takes, but for the parts of a path or an object."""
    source = (ROOT / "src" / "types" / "known.cc").read_text()
    names = sorted(set(CALLABLE.findall(source)))
    assert len(names) > 150
    for module, name in names:
        wrong = call(module, name, *[b"N"] * 12)
        assert scan(pickle_of(wrong)).verdict is not Verdict.SAFE, (module, name)
        given = call(module, name, *[symbol("torch", "Tensor")] * 12)
        assert scan(pickle_of(given)).verdict is not Verdict.SAFE, (module, name)
