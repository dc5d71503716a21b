"""The workflow, the hooks for contributors and the pages about working here name only what there is."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from typing import Any, Iterator

import pytest

yaml = pytest.importorskip("yaml", reason="SKIPPED: no PyYAML")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
NAMED = re.compile(r"(?<![\w/$.])(?:\.ci|script|tools|examples|attacks|bench)/[\w./-]*\w")
PRESETS = {preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())["workflowPresets"]}


def steps() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for job in WORKFLOW["jobs"].values():
        yield from ((job, step) for step in job["steps"])


def commands() -> Iterator[str]:
    """What is run, once for each value of the matrix that it names."""
    for job, step in steps():
        matrix = job.get("strategy", {}).get("matrix", {})
        lines = [step.get("run", "")]
        for name, values in matrix.items():
            lines = [line.replace("${{ matrix.%s }}" % name, value) for line in lines for value in values]
        yield from dict.fromkeys(lines)


def texts() -> dict[str, str]:
    """Each text that sends somebody to a script."""
    found = {name: (ROOT / name).read_text() for name in ("CONTRIBUTING.md", "RELEASING.md", "README.md", ".ci/run")}
    found["ci.yml"] = "\n".join(commands())
    found[".pre-commit-config.yaml"] = "\n".join(hook["entry"] for repo in HOOKS["repos"] for hook in repo["hooks"])
    return found


@pytest.mark.parametrize("source", texts())
def test_every_script_that_is_named_is_there(source):
    missing = [name for name in NAMED.findall(texts()[source]) if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("source", texts())
def test_every_preset_that_is_named_is_there(source):
    assert set(re.findall(r"--workflow --preset (\S+?)`?(?=[\s.`]|$)", texts()[source])) <= PRESETS


def test_the_workflow_builds_with_both_compilers_on_both_systems():
    assert set(WORKFLOW[True]) == {"push", "pull_request"}  # YAML reads the key `on` as true
    built = WORKFLOW["jobs"]["presets"]["strategy"]["matrix"]
    assert built == {"debian": ["bookworm", "trixie"], "preset": ["dev", "clang", "asan"]}
    assert {f"cmake --workflow --preset {preset}" for preset in built["preset"]} <= set(commands())
    assert {"script/test", "script/lint"} <= set(commands())


def test_the_steps_of_the_workflow_are_commands_that_a_shell_can_read():
    assert WORKFLOW["defaults"]["run"]["shell"] == "bash"
    for job, step in steps():
        assert "runs-on" in job and ("uses" in step) != ("run" in step)
    for command in commands():
        assert "${{" not in command
        assert subprocess.run(["bash", "-n", "-c", command]).returncode == 0


def test_the_hooks_take_the_files_that_they_are_for():
    (repo,) = HOOKS["repos"]
    assert repo["repo"] == "local"
    taken = {
        name: {hook["id"] for hook in repo["hooks"] if re.search(hook["files"], name)}
        for name in ("src/base/text.cc", "include/safe_load/scan.h", "python/safe_load/__init__.py", "README.md")
    }
    cpp = {"clang-format", "layers"}
    assert list(taken.values()) == [cpp, cpp, {"mypy"}, set()]
