"""`safe-load scan`: folders, lists, formats, exit codes, and processes that die."""

import json
import os
import pathlib
import pickle
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("SAFE_LOAD_CLI", ROOT / "build" / "everything" / "cli" / "safe-load")).resolve()
if not PROGRAM.exists():
    pytest.skip(f"SKIPPED: no program at {PROGRAM}", allow_module_level=True)

EVIL = b"cos\ngetcwd\n(tR."
UNKNOWN = b"cmylib\nThing\n)\x81."
SAFE = pickle.dumps({"a": 1})


def run(*arguments, **options):
    return subprocess.run([PROGRAM, "scan", *map(str, arguments)], capture_output=True, timeout=60, **options)


def records(done):
    return [json.loads(line) for line in done.stdout.splitlines() if b'"path"' in line]


@pytest.fixture
def folder(tmp_path):
    files = {"a.pkl": SAFE, "b/evil.pkl": EVIL, "b/notes.txt": b"config\nfor people\n", "c/net.pt": UNKNOWN,
             "c/broken.pt": SAFE[:-1], "d/page.html": b"<!doctype html><title>x</title>"}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_a_folder_is_walked_in_order(folder):
    done = run("--format", "jsonl", folder)
    assert done.returncode == 1
    assert [(os.path.relpath(r["path"], folder), r["verdict"]) for r in records(done)] == [
        ("a.pkl", "SAFE"), ("b/evil.pkl", "DANGEROUS"), ("c/broken.pt", "INCOMPLETE"), ("c/net.pt", "UNKNOWN")]
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    assert summary["files"] == 4 and sum(summary["skipped"].values()) == 2


@pytest.mark.parametrize("name, code", [("a.pkl", 0), ("b/evil.pkl", 1), ("c/broken.pt", 2), ("c/net.pt", 3),
                                        ("b/notes.txt", 2), ("nothing.pt", 2)])
def test_exit_codes(folder, name, code):
    assert run(folder / name).returncode == code


def test_the_worst_decides(folder):
    assert run(folder / "c").returncode == 2
    assert run("--fail-on", "unknown", folder / "c").returncode == 3
    assert run("--fail-on", "dangerous", folder / "c").returncode == 0
    assert run("--fail-on", "unknown", folder).returncode == 1  # dangerous cannot be left out


def test_a_run_without_files_is_no_success(folder):
    done = run(folder / "d")
    assert done.returncode == 2 and b"no checkpoint was scanned" in done.stdout
    assert run().returncode == 4 and run("--no-such-option", folder).returncode == 4


def test_standard_input_and_lists(folder):
    assert run("-", input=EVIL).returncode == 1
    names = [folder / "a.pkl", folder / "c/net.pt"]
    lines = "".join(f"{name}\n" for name in names).encode()
    assert [r["verdict"] for r in records(run("--format", "jsonl", "--files-from", "-", input=lines))] == ["SAFE", "UNKNOWN"]
    listed = folder / "list"
    listed.write_bytes(b"\0".join(os.fsencode(name) for name in names))
    assert len(records(run("--format", "jsonl", "--files-from", listed, "--null"))) == 2


def test_globs(folder):
    def names(*options):
        return [os.path.basename(r["path"]) for r in records(run("--format", "jsonl", *options, folder))]

    assert names("--include", "*.pkl") == ["a.pkl", "evil.pkl"]
    assert names("--include", "b/**") == ["evil.pkl"]
    assert names("--exclude", "**/*.pkl") == ["broken.pt", "net.pt"]
    assert names("--include", "[ab].pkl", "--include", "n?t.pt") == ["a.pkl", "net.pt"]


def test_links_and_special_files(folder):
    (folder / "loop").symlink_to(folder)
    (folder / "link.pkl").symlink_to(folder / "a.pkl")
    os.mkfifo(folder / "pipe.pkl")
    summary = json.loads(run("--format", "jsonl", folder).stdout.splitlines()[-1])["summary"]
    assert summary["skipped"]["a symbolic link"] == 2 and summary["skipped"]["a special file"] == 1
    done = run("--follow-symlinks", "--format", "jsonl", folder)
    assert json.loads(done.stdout.splitlines()[-1])["summary"]["skipped"]["a loop of links"] == 1
    assert len(records(done)) == 5
    (record,) = records(run("--format", "jsonl", folder / "pipe.pkl"))
    assert record["verdict"] == "INCOMPLETE" and record["findings"][0]["rule"] == "SL-R14"


def test_formats_say_the_same(folder):
    whole = json.loads(run("--format", "json", folder).stdout)
    assert whole["schema"] == "safe-load.scan/1" and len(whole["policy"]["id"]) == 64
    assert whole["files"] == records(run("--format", "jsonl", folder))
    assert whole["files"] == json.loads(run("--format", "json", "-j", "1", folder).stdout)["files"]
    again = run("--format", "json", folder)
    assert again.stdout == run("--format", "json", folder).stdout


def test_an_output_file_appears_when_it_is_whole(folder):
    out = folder / "report.json"
    assert run("--format", "json", "-o", out, folder / "a.pkl").returncode == 0
    assert json.loads(out.read_bytes())["summary"]["SAFE"] == 1
    assert [path.name for path in folder.iterdir() if "part" in path.name] == []


def test_sarif(folder):
    log = json.loads(run("--format", "sarif", folder).stdout)
    (scan,) = log["runs"]
    rules = scan["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0" and len({rule["id"] for rule in rules}) == len(rules)
    for result in scan["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert len(result["partialFingerprints"]["primaryLocationLineHash"]) == 18
    assert [(result["ruleId"], result["level"]) for result in scan["results"]] == [
        ("SL-G01", "error"), ("SL-R07", "warning"), ("SL-P02", "warning"), ("SL-G15", "warning")]
    assert scan["invocations"][0]["executionSuccessful"] is False
    assert len(scan["invocations"][0]["toolExecutionNotifications"]) == 1


def test_fingerprints_outlive_another_save(folder):
    def fingerprints(content):
        path = folder / "x.pkl"
        path.write_bytes(content)
        log = json.loads(run("--format", "sarif", path).stdout)
        return [result["partialFingerprints"] for result in log["runs"][0]["results"]]

    assert fingerprints(b"]cmylib\nThing\n)\x81a.") == fingerprints(b"]q\0cmylib\nThing\nq\1)\x81q\2a.")


def test_sarif_is_valid(folder):
    """As the models that sarif-pydantic has of the standard see it."""
    sarif = pytest.importorskip("sarif_pydantic", reason="SKIPPED: no sarif-pydantic")
    sarif.Sarif.model_validate(json.loads(run("--format", "sarif", folder).stdout))


def test_sarif_is_valid_against_its_schema(folder):
    """$SAFE_LOAD_SARIF_SCHEMA: sarif-schema-2.1.0.json of OASIS, as the npm package @microsoft/jest-sarif has it."""
    jsonschema = pytest.importorskip("jsonschema", reason="SKIPPED: no jsonschema")
    path = os.environ.get("SAFE_LOAD_SARIF_SCHEMA")
    if path is None:
        pytest.skip("SKIPPED: no $SAFE_LOAD_SARIF_SCHEMA")
    jsonschema.validate(json.loads(run("--format", "sarif", folder).stdout), json.loads(pathlib.Path(path).read_text()))


def test_sarif_names_files_from_where_the_run_began(folder):
    log = json.loads(run("--format", "sarif", folder / "b/evil.pkl", cwd=folder).stdout)
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b/evil.pkl"


def children(process):
    return [int(pid) for pid in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


class Listening:
    """A scan with one worker that waits for paths."""

    def __init__(self, *options):
        command = [PROGRAM, "scan", "-j", "1", "--format", "jsonl", "--files-from", "-", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        while not children(self.process):
            time.sleep(0.01)
        (self.worker,) = children(self.process)

    def finish(self, *paths):
        out, _ = self.process.communicate("".join(f"{path}\n" for path in paths).encode(), timeout=30)
        return [json.loads(line) for line in out.splitlines() if b'"path"' in line]


def test_a_worker_that_died_is_replaced(folder):
    scan = Listening()
    os.kill(scan.worker, signal.SIGKILL)
    time.sleep(0.1)
    assert [r["verdict"] for r in scan.finish(folder / "a.pkl", folder / "b/evil.pkl")] == ["SAFE", "DANGEROUS"]


def test_a_crash_costs_one_file(folder):
    scan = Listening()
    os.kill(scan.worker, signal.SIGSTOP)
    scan.process.stdin.write(f"{folder / 'a.pkl'}\n{folder / 'b/evil.pkl'}\n".encode())
    scan.process.stdin.flush()
    time.sleep(0.3)
    os.kill(scan.worker, signal.SIGKILL)
    first, second = scan.finish()
    assert first["verdict"] == "INCOMPLETE" and first["findings"][0]["rule"] == "SL-R15"
    assert second["verdict"] == "DANGEROUS"


def test_a_file_that_takes_too_long_is_given_up(folder):
    scan = Listening("--timeout", "1")
    os.kill(scan.worker, signal.SIGSTOP)
    first, second = scan.finish(folder / "a.pkl", folder / "c/net.pt")
    assert first["verdict"] == "INCOMPLETE" and "within 1 seconds" in first["findings"][0]["message"]
    assert second["verdict"] == "UNKNOWN"


def test_an_interrupted_scan_leaves_a_report(folder):
    command = [PROGRAM, "scan", "--format", "json", "--files-from", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(f"{folder / 'a.pkl'}\n".encode())
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        report = json.loads(process.stdout.read())
    assert process.returncode == 130 and report["summary"]["interrupted"] is True
    assert [file["verdict"] for file in report["files"]] == ["SAFE"]


def test_workers_have_given_up_their_rights(folder):
    scan = Listening()
    scan.process.stdin.write(f"{folder / 'a.pkl'}\n".encode())
    scan.process.stdin.flush()
    for _ in range(100):  # it begins when it is ready
        status = pathlib.Path(f"/proc/{scan.worker}/status").read_text()
        if "Seccomp:\t2" in status:
            break
        time.sleep(0.02)
    scan.finish()
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status


def test_many_files_in_little_memory(tmp_path):
    for i in range(100):
        inside = tmp_path / f"{i:03}"
        inside.mkdir()
        for j in range(50):
            (inside / f"{j}.pkl").write_bytes(SAFE)
    command = ["/usr/bin/env", "python3", "-c",
               "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"]
    done = subprocess.run([*command, PROGRAM, "scan", "-j", "2", "--format", "jsonl", tmp_path], capture_output=True,
                          timeout=60, check=True)
    assert int(done.stdout) < 64 << 10  # KiB
