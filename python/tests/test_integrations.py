"""The hook of pre-commit and the action for GitHub, by running the commands that stand in them."""

import json
import os
import pickle
import re
import subprocess

import pytest
from conftest import PROGRAM, ROOT

yaml = pytest.importorskip("yaml", reason="SKIPPED: no PyYAML")
if not PROGRAM.exists():
    pytest.skip(f"SKIPPED: no program at {PROGRAM}", allow_module_level=True)

EVIL = b"cos\ngetcwd\n(tR."


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.pt").write_bytes(pickle.dumps([1]))
    (tmp_path / "evil.ckpt").write_bytes(EVIL)
    (tmp_path / "notes.md").write_text("text")
    return tmp_path


def test_the_hook_takes_checkpoints_and_fails_on_bad_ones(folder):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    files = [path.name for path in sorted(folder.iterdir()) if re.search(hook["files"], path.name)]
    assert files == ["evil.ckpt", "good.pt"]
    environment = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}

    def code(*names):
        return subprocess.run([*hook["entry"].split(), *names], cwd=folder, env=environment, capture_output=True).returncode

    assert code(*files) == 1 and code("good.pt") == 0


def test_the_action_writes_sarif_and_fails(folder):
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    values = {name: given["default"] for name, given in action["inputs"].items()} | {"paths": "good.pt evil.ckpt"}

    def filled(text):
        text = re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: values[found[1]], text)
        return text.replace("${{ github.action_path }}", str(ROOT))

    environment = {name: filled(text) for name, text in step["env"].items()}
    assert not any("${{" in text for text in environment.values())
    environment |= {"SAFE_LOAD": str(PROGRAM), "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], cwd=folder, env=environment)
    assert done.returncode == 1
    log = json.loads((folder / filled(action["outputs"]["sarif"]["value"])).read_text())
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["SL-G01"]
