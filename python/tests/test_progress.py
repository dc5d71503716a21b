"""progress: a callable sees it all; the line goes to a terminal only, and not too often."""

import io
import sys
import time

import pytest
from forge import forge

from safe_load import Error, safe_load

MANY = forge(b"](" + b"K\x01" * 100_000 + b"e.")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_callable_counts_to_the_end():
    seen = []
    safe_load(MANY, progress=lambda done, total, unit: seen.append((done, total, unit)))
    assert seen[0][0] == 0 and seen[-1][0] == seen[-1][1] > 1 and len(seen) > 2
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert {unit for _, _, unit in seen} == {"values"}


def test_a_few_slow_values_are_counted_one_by_one():
    seen = []
    slow = forge(b"](" + b"cpkg\nC\n)\x81" * 20 + b"e.")
    make = {"pkg.C": lambda: time.sleep(0.06)}
    safe_load(slow, progress=lambda done, total, unit: seen.append(done), constructors=make)
    assert len(seen) > 10 and seen == sorted(set(seen))


def test_what_a_callable_raises_stops_the_load():
    def stop(done, total, unit):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        safe_load(MANY, progress=stop)


def test_the_line_goes_to_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    safe_load(MANY, progress=True)
    lines = sys.stderr.getvalue().split("\r")
    assert lines[-1].endswith(" values\n") and lines[-1].split()[1] == lines[-1].split()[3]
    assert len(lines) < 10  # and not one for each of the 25 steps


def test_the_line_ends_where_a_load_fails(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ZeroDivisionError):
        safe_load(forge(b"cpkg\nC\n)R."), progress=True, constructors={"pkg.C": lambda: 1 / 0})
    assert sys.stderr.getvalue().endswith("\n")
    with pytest.raises(Error):
        safe_load(b"nothing", progress=True)


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nothing_is_printed_elsewhere(stream, monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", stream)
    safe_load(MANY, progress=True)
    assert stream is None or stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("progress", [None, False])
def test_without_progress_a_terminal_stays_empty(progress, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    safe_load(MANY, progress=progress)
    assert sys.stderr.getvalue() == ""
