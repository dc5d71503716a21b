"""No checkpoint is destroyed, whatever a program does with what it loaded from it. Each in a child of its own."""

import os
import stat

import child
import pytest

from safe_load import safe_load, save

FRAMEWORKS = ("torch", "numpy", "none")


@pytest.fixture
def last(torch, tmp_path):
    """What a training script leaves: weights, the state of AdamW, an epoch."""
    model = torch.nn.Linear(200, 300)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(200)).sum().backward()
    optimizer.step()
    path = tmp_path / "last.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 4}, path)
    return path


def test_edit_and_save_over(last):
    child.run(
        """
import sys, torch
from safe_load import safe_load
checkpoint = safe_load(sys.argv[1])
checkpoint["epoch"] = 5
torch.save(checkpoint, sys.argv[1])
""",
        last,
    )
    loaded = safe_load(last)
    assert loaded["epoch"] == 5 and loaded["model"]["weight"].isfinite().all()


TRAIN = """
import sys, torch
import safe_load
model = torch.nn.Linear(200, 300)
checkpoint = OPEN
model.load_state_dict(checkpoint["model"], assign=ASSIGN)
optimizer = torch.optim.AdamW(model.parameters())
optimizer.load_state_dict(checkpoint["optimizer"])
for epoch in range(3):
    model(torch.ones(200)).sum().backward()
    optimizer.step()
    SAVE({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, sys.argv[1])
print(model.weight.double().sum().item())
"""


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize(
    "opened, saver",
    [
        ("safe_load.safe_load(sys.argv[1])", "torch.save"),
        ("safe_load.safe_load(sys.argv[1])", "safe_load.save"),
        ("safe_load.safe_load(sys.argv[1], mmap=True)", "safe_load.save"),
        ("safe_load.open(sys.argv[1]).root", "safe_load.save"),
    ],
)
def test_train_on_and_save_over(last, opened, saver, assign):
    said = child.run(TRAIN.replace("OPEN", opened).replace("ASSIGN", str(assign)).replace("SAVE", saver), last)
    assert safe_load(last)["model"]["weight"].double().sum().item() == float(said)


def test_workers_of_a_data_loader_save_over(last):
    child.run(
        """
import sys, torch
from safe_load import safe_load
class Weights(torch.utils.data.Dataset):
    def __init__(self, path):
        self.path, self.checkpoint = path, safe_load(path)
    def __len__(self):
        return 4
    def __getitem__(self, i):
        torch.save(self.checkpoint, f"{self.path}.{i}")
        return self.checkpoint["model"]["weight"][i].sum()
if __name__ == "__main__":
    data = Weights(sys.argv[1])
    torch.save({}, sys.argv[1])
    got = torch.cat(list(torch.utils.data.DataLoader(data, num_workers=2)))
    assert got.equal(data.checkpoint["model"]["weight"][:4].sum(1))
""",
        last,
    )
    for i in range(4):
        assert safe_load(f"{last}.{i}")["epoch"] == 4


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("size", [0, 5000])
def test_a_file_that_is_cut_behind_our_back(last, framework, size):
    child.run(
        """
import os, sys
from safe_load import safe_load
weight = safe_load(sys.argv[1], framework=sys.argv[2])["model"]["weight"]
before = bytes(memoryview(weight).tobytes() if sys.argv[2] != "torch" else weight.numpy().tobytes())
os.truncate(sys.argv[1], int(sys.argv[3]))
after = bytes(memoryview(weight).tobytes() if sys.argv[2] != "torch" else weight.numpy().tobytes())
assert before == after
""",
        last,
        framework,
        size,
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_file_that_is_cut_between_opening_and_reading(last, framework):
    said = child.run(
        """
import os, sys, safe_load
handle = safe_load.open(sys.argv[1], framework=sys.argv[2], mmap=False)
os.truncate(sys.argv[1], 5000)
try: handle.get_tensor("model.weight")
except (safe_load.Error, OSError) as error: print(error)
""",
        last,
        framework,
    )
    assert "shorter" in said


# ---- save()


def test_save_replaces_the_file_and_keeps_links_and_permissions(torch, tmp_path):
    (tmp_path / "real.pt").write_bytes(b"old")
    (tmp_path / "real.pt").chmod(0o640)
    (tmp_path / "link.pt").symlink_to("real.pt")
    save({"w": torch.ones(3)}, tmp_path / "link.pt")
    assert (tmp_path / "link.pt").is_symlink() and safe_load(tmp_path / "real.pt")["w"].sum() == 3
    assert stat.S_IMODE((tmp_path / "real.pt").stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.pt", "real.pt"]


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(torch, tmp_path):
    save({"w": torch.ones(3)}, tmp_path / "x.pt")
    with pytest.raises(Exception, match="pickle"):
        save({"w": lambda: 0}, tmp_path / "x.pt")
    assert safe_load(tmp_path / "x.pt")["w"].sum() == 3 and os.listdir(tmp_path) == ["x.pt"]


def test_save_writes_what_torch_writes(torch, tmp_path):
    value = {"w": torch.arange(5), "n": [1, 2]}
    save(value, str(tmp_path / "ours.pt"), pickle_protocol=4, _use_new_zipfile_serialization=False)
    torch.save(value, tmp_path / "theirs.pt", pickle_protocol=4, _use_new_zipfile_serialization=False)
    assert (tmp_path / "ours.pt").read_bytes()[:100] == (tmp_path / "theirs.pt").read_bytes()[:100]
    with open(tmp_path / "stream.pt", "wb") as stream:
        safe_load.save(value, stream)
    assert safe_load(tmp_path / "stream.pt")["w"].equal(value["w"])
    with pytest.raises(FileNotFoundError):
        save(value, tmp_path / "nowhere" / "x.pt")
