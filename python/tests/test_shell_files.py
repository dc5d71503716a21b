"""The completions, the man page and the page of rules are what the program says of itself, and shells take them."""

import shutil
import subprocess
import sys

import pytest
from conftest import PROGRAM, ROOT

SHELL = ROOT / "cli" / "shell"


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"SKIPPED: no program at {PROGRAM}")
def test_they_are_what_the_program_says():
    done = subprocess.run([sys.executable, ROOT / "tools" / "make_shell_files.py", PROGRAM, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def completed(*words):
    script = (f"source {SHELL / 'safe-load.bash'}; COMP_WORDS=({' '.join(words)} ''); COMP_CWORD={len(words)}; "
              "_safe_load; printf '%s\\n' \"${COMPREPLY[@]}\"")
    return set(subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split())


def test_bash_completes_commands_choices_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").touch()
    assert completed("safe-load") == {"ls", "show", "explain", "scan", "report", "fix", "convert", "model.pt"}
    assert completed("safe-load", "scan", "--format") == {"text", "json", "jsonl", "sarif"}
    assert completed("safe-load", "ls", "--sort") == {"file", "size", "name"}
    assert completed("safe-load", "scan") == {"model.pt"}


@pytest.mark.parametrize("shell, name", [("bash", "safe-load.bash"), ("zsh", "_safe-load"), ("fish", "safe-load.fish")])
def test_a_shell_takes_its_file(shell, name):
    if shutil.which(shell) is None:
        pytest.skip(f"SKIPPED: no {shell} here")
    assert subprocess.run([shell, "-n", SHELL / name], capture_output=True).returncode == 0


def test_the_man_page_is_well_formed():
    if shutil.which("man") is None:
        pytest.skip("SKIPPED: no man here")
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", SHELL / "safe-load.1"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr and "--fail-on" in done.stdout


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"SKIPPED: no program at {PROGRAM}")
def test_the_page_of_rules_is_what_the_program_says():
    done = subprocess.run([sys.executable, ROOT / "tools" / "make_rules_page.py", PROGRAM, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
