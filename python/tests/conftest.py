import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "attacks")]

# The command, which may not be built.
PROGRAM = pathlib.Path(os.environ.get("SAFE_LOAD_CLI", ROOT / "build" / "everything" / "cli" / "safe-load")).resolve()
EXAMPLE = ROOT / "examples" / "best_model_acc.pth"


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")


@pytest.fixture
def np():
    return pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")


@pytest.fixture
def program() -> pathlib.Path:
    if not PROGRAM.exists():
        pytest.skip(f"SKIPPED: no program at {PROGRAM}")
    return PROGRAM


@pytest.fixture
def example() -> pathlib.Path:
    return EXAMPLE


@pytest.fixture
def round_trip(torch, tmp_path):
    """Saves with torch and loads with safe_load."""
    from safe_load import safe_load

    def go(value, protocol=2, **options):
        path = tmp_path / "value.pt"
        torch.save(value, path, pickle_protocol=protocol)
        return safe_load(path, **options)

    return go
