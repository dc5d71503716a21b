"""`safe-load report`: one page, well formed, without scripts, in which nothing of a file is markup."""

import html.parser
import pickle
import re
import shutil
import subprocess

import pytest
from conftest import EXAMPLE, PROGRAM

if not PROGRAM.exists():
    pytest.skip(f"SKIPPED: no program at {PROGRAM}", allow_module_level=True)
EMPTY = {"meta", "rect", "br"}
TAGS = EMPTY | {"html", "head", "title", "style", "body", "h1", "h2", "p", "span", "table", "tr", "th", "td", "svg", "g", "text", "details",
                "summary", "div", "code"}


class Page(html.parser.HTMLParser):
    def __init__(self, markup):
        super().__init__()
        self.open, self.texts, self.attributes = [], [], []
        self.feed(markup)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        self.attributes += attrs
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in EMPTY or self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)


def report(path, *flags, code=0):
    done = subprocess.run([PROGRAM, "report", path, *flags], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_it_has_the_verdict_the_sizes_and_the_values():
    page = Page(report(EXAMPLE))
    for words in ("SAFE", "model.conv.weight", '$["best_acc"]', "0.9137 (numpy <f8)", "23 tensors, 3.86 KiB of data", "Sizes"):
        assert words in page.texts, words
    assert any(words.startswith("weight  864 B  F32 [8, 3, 3, 3]") for words in page.texts)


def areas(markup):
    return [tuple(map(float, found)) for found in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="[^"]*" stroke=', markup)]


def test_areas_are_in_proportion_and_fill_the_map(torch, tmp_path):
    sizes = [4096, 1000, 1000, 512, 100, 7, 1]
    torch.save({f"t{size}.{i}": torch.zeros(size) for i, size in enumerate(sizes)}, tmp_path / "x.pt")
    drawn = areas(report(tmp_path / "x.pt"))
    assert len(drawn) == len(sizes)
    for (x, y, width, height), size in zip(drawn, sizes):
        assert x >= 0 and y >= 0 and x + width <= 1000.02 and y + height <= 420.02
        assert abs(width * height - 420_000 * size / sum(sizes)) < 0.02 * max(width, height) + 1


def test_a_histogram_says_that_it_is_of_samples(torch, tmp_path):
    torch.save({"large": torch.linspace(-1, 3, 50_000), "small": torch.tensor([0.0, 1.0])}, tmp_path / "x.pt")
    texts = Page(report(tmp_path / "x.pt")).texts
    assert any(re.fullmatch(r"-1 to (2\.999|3), of 4096 samples", words) for words in texts) and "0 to 1" in texts


def test_nothing_of_a_file_is_markup(tmp_path):
    path = tmp_path / "<script>alert(1)<"
    path.write_bytes(pickle.dumps({"<b onclick=x>": "</td><script>", "\x1b[31m": 1}) + b"cos\nsystem\n(S'<img src=x>'\ntR.")
    markup = report(path)
    page = Page(markup)
    assert "<script" not in markup and "<img" not in markup and "onclick=x>" not in markup and "\x1b" not in markup
    assert "DANGEROUS" in page.texts and {name for name, _ in page.attributes}.isdisjoint({"src", "href", "onclick"})


def test_what_is_no_checkpoint_has_a_page_too(tmp_path):
    (tmp_path / "cut.pt").write_bytes(EXAMPLE.read_bytes()[:3000])
    page = Page(report(tmp_path / "cut.pt", code=2))
    assert "INCOMPLETE" in page.texts and "It could not be opened as a checkpoint." in page.texts


def test_the_file_is_written_whole_and_never_over_the_checkpoint(tmp_path):
    path = tmp_path / "x.pt"
    shutil.copy(EXAMPLE, path)
    report(path, "-o", tmp_path / "x.html")
    assert (tmp_path / "x.html").read_text() == report(path)
    done = subprocess.run([PROGRAM, "report", path, "-o", path], capture_output=True, text=True)
    assert done.returncode == 2 and "replace" in done.stderr and path.read_bytes() == EXAMPLE.read_bytes()
    assert subprocess.run([PROGRAM, "report", path, "-o", tmp_path / "no" / "x.html"], capture_output=True).returncode == 2


def test_many_rows_are_bounded(tmp_path):
    (tmp_path / "many.pkl").write_bytes(pickle.dumps({str(i): [f"v{i}", [None]] for i in range(20_000)}))
    markup = report(tmp_path / "many.pkl")
    Page(markup)
    assert len(markup) < 600_000 and "more" in markup


def test_a_browser_sees_no_more_elements_than_we_wrote(tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("SKIPPED: no chromium here")
    path = tmp_path / "hostile.pkl"
    path.write_bytes(pickle.dumps({"</style><script>document.title='ran'</script>": "<svg onload=document.title='ran'>"}))
    report(path, "-o", tmp_path / "page.html")
    done = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}",
                           "--dump-dom", f"file://{tmp_path / 'page.html'}"], capture_output=True, text=True, timeout=120)
    if not done.stdout:
        pytest.skip("SKIPPED: chromium does not run here")
    assert "<script" not in done.stdout and "onload=document" not in re.sub(r"&lt;.*?&gt;", "", done.stdout)
    assert "<title>hostile.pkl</title>" in done.stdout
