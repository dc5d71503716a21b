"""`safe-load scan`: folders, lists, formats, exit codes, and processes that die."""

import json
import os
import pathlib
import pickle
import shutil
import signal
import socket
import subprocess
import time

import pytest
from conftest import PROGRAM

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


def summary_of(done):
    return json.loads(done.stdout.splitlines()[-1])["summary"]


def test_links_to_files_are_followed_and_each_file_is_scanned_once(tmp_path):
    """As in the folders of model hubs: snapshots/REVISION/NAME leads to blobs/HASH."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshots").mkdir()
    for name, content in {"a": SAFE, "b": EVIL, "c": b"no checkpoint"}.items():
        (tmp_path / "blobs" / name).write_bytes(content)
        (tmp_path / "snapshots" / f"{name}.bin").symlink_to(f"../blobs/{name}")
    os.link(tmp_path / "blobs/a", tmp_path / "snapshots/d.bin")
    done = run("--format", "jsonl", tmp_path / "snapshots")
    assert [r["verdict"] for r in records(done)] == ["SAFE", "DANGEROUS", "INCOMPLETE"]
    assert summary_of(done)["skipped"] == {"another path of a file that was scanned": 1}
    # Under the first name nothing says that c is a checkpoint, under the second one something does.
    done = run("--format", "jsonl", tmp_path)
    assert [(os.path.relpath(r["path"], tmp_path), r["verdict"]) for r in records(done)] == [
        ("blobs/a", "SAFE"), ("blobs/b", "DANGEROUS"), ("snapshots/c.bin", "INCOMPLETE")]
    assert summary_of(done)["skipped"]["another path of a file that was scanned"] == 3
    again = run("--format", "jsonl", "-j", "1", tmp_path)
    assert again.stdout == done.stdout
    # What is named is always told.
    named = [tmp_path / "blobs/a", tmp_path / "snapshots/a.bin", tmp_path / "blobs/a"]
    assert len(records(run("--format", "jsonl", *named, tmp_path / "snapshots"))) == 5


# What it is, the reason in the summary, the rule if it is named as a checkpoint.
UNREAD = {"a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
          "a link to a folder, which --follow-symlinks would follow": lambda path: path.symlink_to("."),
          "a named pipe": os.mkfifo,
          "a socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
          "a device": lambda path: path.symlink_to("/dev/null")}


@pytest.mark.parametrize("reason", UNREAD)
def test_what_is_called_a_checkpoint_and_was_not_read_is_incomplete(tmp_path, reason):
    (tmp_path / "good.pkl").write_bytes(SAFE)
    UNREAD[reason](tmp_path / "other")
    done = run("--format", "jsonl", tmp_path)
    assert done.returncode == 0 and summary_of(done)["skipped"] == {reason: 1}
    assert f"1 more not read ({reason}: 1)".encode() in run(tmp_path).stdout
    UNREAD[reason](tmp_path / "Model.PT")
    done = run("--format", "jsonl", tmp_path)
    assert done.returncode == 2 and summary_of(done)["INCOMPLETE"] == 1
    (record,) = [r for r in records(done) if r["path"].endswith("Model.PT")]
    assert record["verdict"] == "INCOMPLETE"
    assert [(f["rule"], f["message"]) for f in record["findings"]] == [("SL-R14", f"this is {reason}")]
    assert b"Model.PT  INCOMPLETE" in run(tmp_path).stdout
    log = json.loads(run("--format", "sarif", tmp_path).stdout)["runs"][0]
    assert [result["ruleId"] for result in log["results"]] == ["SL-R14"]
    assert "Model.PT" in log["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert not records(run("--format", "jsonl", "--exclude", "*.PT", "--exclude", "good*", tmp_path))
    if "folder" not in reason:
        assert run(tmp_path / "other").returncode == 2


def test_links_to_folders(folder):
    (folder / "loop").symlink_to(folder)
    (folder / "again").symlink_to(folder / "b")
    assert len(records(run("--format", "jsonl", folder))) == 4
    done = run("--follow-symlinks", "--format", "jsonl", folder)
    assert len(records(done)) == 4
    assert records(done)[1]["path"].endswith("again/evil.pkl")  # before b
    assert summary_of(done)["skipped"]["a loop of links"] == 1
    assert summary_of(done)["skipped"]["another path of a file that was scanned"] == 2


def without_root(command):
    """Root reads what it likes."""
    return ["setpriv", "--reuid=65534", "--clear-groups", *map(str, command)] if os.getuid() == 0 else command


def test_what_cannot_be_opened_is_incomplete(tmp_path):
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("SKIPPED: root, and no setpriv")
    program = tmp_path / "safe-load"
    shutil.copy(PROGRAM, program)
    models = tmp_path / "models"
    (models / "closed").mkdir(parents=True)
    (models / "a.pkl").write_bytes(SAFE)
    (models / "secret").write_bytes(SAFE)
    for path, mode in {tmp_path: 0o755, models / "secret": 0, models / "closed": 0}.items():
        path.chmod(mode)
    for outer in tmp_path.parents:  # pytest makes them for its user only
        if outer.stat().st_uid == os.getuid() and "pytest-of" in str(outer):
            outer.chmod(0o755)
    done = subprocess.run(without_root([program, "scan", "--format", "jsonl", models]), capture_output=True, timeout=60)
    (models / "closed").chmod(0o755)
    assert [(os.path.basename(r["path"]), r["verdict"], [f["rule"] for f in r["findings"]]) for r in records(done)] == [
        ("a.pkl", "SAFE", []), ("closed", "INCOMPLETE", ["SL-H05"]), ("secret", "INCOMPLETE", ["SL-H05"])]
    assert done.returncode == 2


def test_a_path_that_changes_is_not_waited_for(tmp_path):
    """A pipe is put where a file was, again and again."""
    target = tmp_path / "model.pt"
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    out = tmp_path / "out"
    deadline = time.monotonic() + 2
    with out.open("wb") as stdout, subprocess.Popen([PROGRAM, "scan", "--format", "jsonl", "--files-from", "-"],
                                                    stdin=subprocess.PIPE, stdout=stdout) as process:
        while time.monotonic() < deadline:
            os.mkfifo(pipe)
            os.rename(pipe, target)
            process.stdin.write(f"{target}\n".encode() * 5)
            process.stdin.flush()
            file.write_bytes(SAFE)
            os.rename(file, target)
        process.stdin.close()
        assert process.wait(timeout=30) in (0, 2)
    verdicts = {json.loads(line)["verdict"] for line in out.read_bytes().splitlines() if b'"path"' in line}
    assert verdicts <= {"SAFE", "INCOMPLETE"}


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
    unread, *others = scan["invocations"][0]["toolExecutionNotifications"]
    assert "c/broken.pt was not read to its end" in unread["message"]["text"]
    assert all(other["message"]["text"].startswith("sandbox: ") for other in others)


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


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state(pid):
    """S: it waits; T: it was stopped; Z: it has ended, as has one that is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def children(process):
    """Those that have not ended."""
    pids = map(int, pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    return [pid for pid in pids if state(pid) != "Z"]


class Listening:
    """A scan that waits for paths, and the two workers that stand ready."""

    def __init__(self, *options):
        command = [PROGRAM, "scan", "-j", "1", "--format", "jsonl", "--files-from", "-", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        wait_until(lambda: len(children(self.process)) == 3)
        time.sleep(0.2)  # they shut themselves in
        _, *self.workers = sorted(children(self.process))  # the first is the template of the others
        wait_until(lambda: {state(worker) for worker in self.workers} == {"S"})

    def stop_workers(self):
        for worker in self.workers:
            os.kill(worker, signal.SIGSTOP)
        wait_until(lambda: {state(worker) for worker in self.workers} == {"T"})

    def kill_workers(self):
        """The one that is next in turn goes last, so that no file is handed to one that is about to die."""
        for worker in reversed(self.workers):
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: state(worker) == "Z")

    def hand_over(self, *paths):
        self.process.stdin.write("".join(f"{path}\n" for path in paths).encode())
        self.process.stdin.flush()

    def finish(self, *paths):
        out, _ = self.process.communicate("".join(f"{path}\n" for path in paths).encode(), timeout=30)
        return [json.loads(line) for line in out.splitlines() if b'"path"' in line]


def test_a_worker_that_died_is_replaced(folder):
    scan = Listening()
    scan.kill_workers()
    assert [r["verdict"] for r in scan.finish(folder / "a.pkl", folder / "b/evil.pkl")] == ["SAFE", "DANGEROUS"]


def test_a_crash_costs_one_file(folder):
    scan = Listening()
    scan.stop_workers()
    scan.hand_over(folder / "a.pkl", folder / "b/evil.pkl")
    time.sleep(1)  # nothing shows that the first worker was given the first file
    scan.kill_workers()
    first, second = scan.finish()
    assert first["verdict"] == "INCOMPLETE" and first["findings"][0]["rule"] == "SL-R15"
    assert second["verdict"] == "DANGEROUS"


def test_a_file_that_takes_too_long_is_given_up(folder):
    scan = Listening("--timeout", "1")
    os.kill(scan.workers[0], signal.SIGSTOP)
    first, second = scan.finish(folder / "a.pkl", folder / "c/net.pt")
    assert first["verdict"] == "INCOMPLETE" and "within 1 seconds" in first["findings"][0]["message"]
    assert second["verdict"] == "UNKNOWN"


def test_a_worker_scans_one_file_and_ends(folder):
    scan = Listening()
    before = set(scan.workers)
    for _ in range(3):
        alive = set(children(scan.process))
        scan.hand_over(folder / "a.pkl")
        wait_until(lambda: alive - set(children(scan.process)))
    time.sleep(0.2)  # the new ones shut themselves in
    after = set(sorted(children(scan.process))[1:])
    assert after and not before & after
    for worker in after:  # standard input, output and errors that lead nowhere, and the channel
        assert sorted(os.listdir(f"/proc/{worker}/fd")) == ["0", "1", "2", "4"]
    scan.finish()


def test_too_much_memory_costs_one_file(folder):
    """16 million lists take more than is left of 128 MiB of addresses."""
    (folder / "large.pkl").write_bytes(b"\x80\x02(" + b"]" * 16_000_000 + b"l.")
    prefix = ["prlimit", f"--as={128 << 20}", "--"]
    done = subprocess.run([*prefix, PROGRAM, "scan", "--format", "jsonl", folder], capture_output=True, timeout=60)
    if not done.stdout:
        pytest.skip("SKIPPED: a sanitizer needs more addresses")
    found = {os.path.basename(r["path"]): r for r in records(done)}
    assert found["a.pkl"]["verdict"] == "SAFE" and found["evil.pkl"]["verdict"] == "DANGEROUS"
    assert found["large.pkl"]["verdict"] == "INCOMPLETE"
    assert "more memory" in found["large.pkl"]["findings"][0]["message"]


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
    states = [pathlib.Path(f"/proc/{worker}/status").read_text() for worker in scan.workers]
    limits = [pathlib.Path(f"/proc/{worker}/limits").read_text() for worker in scan.workers]
    out, _ = scan.process.communicate(f"{folder / 'a.pkl'}\n".encode(), timeout=30)
    sandbox = json.loads(out.splitlines()[-1])["summary"]["sandbox"]
    if not sandbox["seccomp"]:
        pytest.skip("SKIPPED: no seccomp here, or a sanitizer")
    for state, limit in zip(states, limits):
        assert "Seccomp:\t2" in state and "NoNewPrivs:\t1" in state
        rows = {row[:26].strip(): row[26:].split()[0] for row in limit.splitlines()}
        assert rows["Max core file size"] == rows["Max file size"] == "0"
        assert int(rows["Max open files"]) <= 8 and int(rows["Max address space"]) <= 4 << 30


def test_the_report_says_what_workers_had_given_up(folder):
    sandbox = summary_of(run("--format", "jsonl", folder))["sandbox"]
    assert set(sandbox) == {"seccomp", "landlock"} and {type(had) for had in sandbox.values()} == {bool}
    assert json.loads(run("--format", "json", folder).stdout)["summary"]["sandbox"] == sandbox
    log = json.loads(run("--format", "sarif", folder).stdout)["runs"][0]["invocations"][0]
    assert log["properties"]["sandbox"] == sandbox
    assert (b"sandbox: " in run(folder).stdout) is not all(sandbox.values())
    assert "sandbox" not in summary_of(run("--format", "jsonl", folder / "nothing.pt"))


SHELL = 'exec "$0" "$@" '
OUTPUTS = {"closed": ">&-", "full": "> /dev/full"}


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("command", ["scan FILE", "scan --format json FILE", "scan --list-rules", "scan --explain G01",
                                     "ls FILE", "ls --json FILE", "show FILE $", "explain FILE", "--version", "--help"])
def test_output_that_cannot_be_written_is_an_error(folder, command, output):
    arguments = command.replace("FILE", str(folder / "a.pkl")).split()
    done = subprocess.run(["sh", "-c", SHELL + OUTPUTS[output], PROGRAM, *arguments], capture_output=True, timeout=60)
    assert done.returncode == 2 and done.stderr


def test_closed_descriptors_are_no_files(folder):
    def run_with(redirection, *arguments):
        return subprocess.run(["sh", "-c", SHELL + redirection, PROGRAM, "scan", *map(str, arguments)],
                              capture_output=True, timeout=60)

    out = folder / "out"
    assert run_with(">&-", "-q", "-o", out, folder / "a.pkl").returncode == 0
    assert out.read_bytes() == b"1 file: 1 SAFE, 0 UNKNOWN, 0 INCOMPLETE, 0 DANGEROUS\n"
    assert run_with("<&- 2>&-", folder / "b/evil.pkl").returncode == 1
    assert run_with("<&-", "-").returncode == 2


@pytest.mark.parametrize("arguments", [
    ["--no\x1b[31m\u202e"], ["--format", "\x1b[31m\u202e", "x"], ["--color", "\x1b[31m", "x"], ["-j", "\x1b[31m", "x"],
    ["--fail-on", "\x1b[31m", "x"], ["--explain", "\x1b[31m"], ["--files-from", "\x1b[31m"], ["-o", "\x1b/\x1b", "x"],
    ["--timeout", "\x1b[31m", "x"], [b"--\xff\xfe\x1b"]])
def test_usage_errors_paint_no_terminal(arguments):
    done = run_raw("scan", *arguments)
    assert done.returncode in (2, 4) and b"\\x1b" in done.stderr
    assert all(c == 10 or 32 <= c < 127 for c in done.stderr + done.stdout)


def run_raw(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=60)


@pytest.mark.parametrize("command", [["ls", "x"], ["show", "a.pt", "b"], ["explain", "x"], ["x"]])
def test_usage_errors_of_other_commands_paint_no_terminal(command):
    done = run_raw(*command, "--no\x1b[31m\u202e")
    assert done.returncode == 4 and b"\\x1b" in done.stderr
    assert all(c == 10 or 32 <= c < 127 for c in done.stderr)


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
