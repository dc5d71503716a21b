"""Notebook views: tables of plain markup, in which nothing of a file is markup."""

import html.parser
import pickle

import pytest
import safe_load
from conftest import EXAMPLE

TAGS = {"div", "b", "table", "tr", "th", "td", "details", "summary", "ul", "li"}


class Page(html.parser.HTMLParser):
    def __init__(self, markup):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(markup)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS and all(attribute in (("style", "text-align:left"), ("open", None)) for attribute in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def hostile(tmp_path):
    path = tmp_path / "<script>alert(1)<"
    path.write_bytes(pickle.dumps({"<b onclick=x>": "</td><script>", "\x1b[31m": 1}) + b"cos\nsystem\n(S'<img src=x>'\ntR.")
    return path


def test_an_inspection_lists_tensors_and_folds_the_rest():
    page = Page(safe_load.inspect(EXAMPLE)._repr_html_())
    for words in ("model.fc.weight", "[10, 8]", "float32", '$["best_acc"]', "values: 32"):
        assert words in page.texts, page.texts


def test_a_handle_shows_the_same_and_says_when_it_is_closed():
    with safe_load.open(EXAMPLE) as handle:
        assert "model.fc.weight" in Page(handle._repr_html_()).texts
    assert Page(handle._repr_html_()).texts == [repr(handle)]


def test_a_report_has_a_row_for_each_finding(hostile):
    report = safe_load.scan(hostile)
    page = Page(report._repr_html_())
    assert len(report.findings) >= 1 and any("DANGEROUS" in text for text in page.texts)
    assert sum(text == "SL-G01" for text in page.texts) == sum(finding.rule == "SL-G01" for finding in report.findings)


def test_nothing_of_a_file_is_markup(hostile):
    for view in (safe_load.inspect(hostile), safe_load.scan(hostile)):
        markup = view._repr_html_()
        assert "<script" not in markup and "<img" not in markup and "onclick=x>" not in markup and "\x1b" not in markup
        Page(markup)


def test_tables_are_bounded(tmp_path):
    path = tmp_path / "many.pkl"
    path.write_bytes(pickle.dumps({str(i): f"value {i}" for i in range(5000)} | {"x": {str(i): object for i in range(300)}}))
    markup = safe_load.inspect(path)._repr_html_()
    assert markup.count("<tr>") < 450 and "more" in markup


def test_a_module_is_shown_as_torch_prints_it(torch, tmp_path):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Sequential(torch.nn.Linear(8, 2, bias=False)))
    torch.save(model, tmp_path / "model.pt")
    record = safe_load.safe_load(tmp_path / "model.pt", unknown="opaque")
    page = Page(record._repr_html_())
    for words in ("(0): Opaque torch.nn.modules.conv.Conv2d", ".weight: Tensor float32 [8, 3, 3, 3]", ".bias: Tensor float32 [8]",
                  "(1): Opaque torch.nn.modules.container.Sequential", ".weight: Tensor float32 [2, 8]"):
        assert any(text == words or text == words.replace("Tensor", "Parameter") for text in page.texts), (words, page.texts)
    assert "_modules" not in "".join(page.texts) and any(text.startswith("others: ") for text in page.texts)
    assert repr(record).startswith("<Opaque torch.nn.modules.container.Sequential (0): Opaque torch.nn.modules.conv.Conv2d, (1): ")
