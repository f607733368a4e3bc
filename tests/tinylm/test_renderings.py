"""What an analysis looks like: the page, the document, the colours. Nothing in a text becomes markup anywhere."""

import csv
import io
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt

from tests.tinylm.test_spans import NASTY, nasty_text
from tinylm.analysis.cells import cells_of
from tinylm.analysis.coloured import coloured_lines
from tinylm.analysis.document import markdown_pieces
from tinylm.analysis.formats import ExportFormat, pieces_of
from tinylm.analysis.heat import DARK, LIGHT, WORST_BUCKET, HeatMode, bucket_of, legend, title_of
from tinylm.analysis.listing import printable
from tinylm.analysis.page import html_pieces
from tinylm.analysis.records import UNITS
from tinylm.analysis.rows import analyze_text
from tinylm.cli.analyze import Heat
from tinylm.model.language_model import LanguageModel
from tinylm.model.windows import RULE
from tinylm.tokens.spans import replace_surrogates

TEXT = 'Once <b>upon</b> "a" 日 & 👩\r\n\n| `x` | [y](http://z) |\n'
VOID = {"meta", "input"}
ALLOWED = {"html", "head", "meta", "title", "style", "body", "h1", "input", "label", "p", "b", "main", "span"}
ALLOWED |= {"dl", "dt", "dd"}
MANIFEST = json.loads((Path(__file__).parents[2] / "package.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


class Page(HTMLParser):
    """Reads a page strictly: every element known and closed in order. Collects the cells of the text."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.cells, self.styles, self.main = [], [], [], "", ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        names = [name for name, _ in attributes]
        assert not any(name.startswith("on") or name in ("src", "href", "style", "srcset", "action") for name in names)
        self.tags.append((tag, dict(attributes)))
        if tag == "span":
            self.cells.append({**dict(attributes), "text": ""})
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            self.styles += data
        if "main" in self.open:
            self.main += data
            assert "span" in self.open, "text outside of cells"
            self.cells[-1]["text"] += data


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=nasty_text, source=nasty_text)
def test_the_page_is_strict_and_holds_the_text_and_nothing_active(model, text, source):
    page = Page("".join(html_pieces(analyze_text(model, text, 2, source=source))))
    assert page.main == printable(replace_surrogates(text))
    cells = list(cells_of(analyze_text(model, text, 0)))
    assert [cell["text"] for cell in page.cells] == [printable(cell.text) for cell in cells]
    assert ["split" in cell["class"].split() for cell in page.cells] == [cell.is_split for cell in cells]
    assert all(cell["tabindex"] == "0" and cell["title"] for cell in page.cells)
    assert not any(word in page.styles for word in ("url(", "@import", "expression", "</"))


def test_the_page_shows_every_view_without_a_script(model):
    """A radio button for each view, rules that follow it, a legend for it; light and dark; a strict policy."""
    page = Page("".join(html_pieces(analyze_text(model, TEXT, 2), HeatMode.entropy)))
    views = [attributes for tag, attributes in page.tags if tag == "input"]
    assert [view["id"] for view in views] == [*HeatMode, "lines", "boundaries"]
    assert [view["id"] for view in views if "checked" in view] == ["entropy"]
    without_heat = Page("".join(html_pieces(analyze_text(model, TEXT, 2), None)))
    assert [found["id"] for tag, found in without_heat.tags if tag == "input" and "checked" in found] == ["boundaries"]
    for view in views:
        assert f"#{view['id']}:checked ~ main" in page.styles
        assert f"#{view['id']}:checked ~ .key-{view['id']}" in page.styles
        assert any(attributes.get("class") == f"key key-{view['id']}" for _, attributes in page.tags)
    assert "prefers-color-scheme: dark" in page.styles
    patterns = {rule.split(" {")[0]: rule for rule in page.styles.splitlines() if "background-image" in rule}
    assert set(patterns) == {".undefined", ".split", ".undefined.split"}
    assert not re.search(r"background:(?! var\(--paper\))", page.styles), "a view's colour would take the patterns away"
    assert all(colour in page.styles for colour in LIGHT + DARK)
    policy = next(attributes for _, attributes in page.tags if "http-equiv" in attributes)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=nasty_text, source=nasty_text)
def test_the_document_is_one_table_and_holds_nothing_active(model, text, source):
    markdown = "".join(markdown_pieces(analyze_text(model, text, 2, source=source)))
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    active = {"link_open", "image", "html_inline", "html_block", "blockquote_open", "hr", "code_block"}
    assert not kinds & active
    (facts,) = [token.content for token in tokens if token.type == "fence"]
    assert RULE in facts and model.id in facts and model.tokenizer.id in facts
    cells = list(cells_of(analyze_text(model, text, 0)))
    n_rows = sum(len(cell.rows) + cell.is_split for cell in cells)
    assert sum(token.type == "tr_open" for token in tokens) == n_rows + 1
    assert sum(token.type == "td_open" for token in tokens) == 11 * n_rows


def test_what_is_undefined_is_said_in_every_format_and_hatched_on_the_page(model):
    def analyzed():
        result = analyze_text(model, "a b", 1)
        result.rows = (replace(row, logprob=math.nan) if row.index == 1 else row for row in list(result.rows))
        return result

    written = {format: "".join(pieces_of(analyzed(), format)) for format in ExportFormat}
    token = json.loads(written[ExportFormat.json])["tokens"][1]
    assert token["probability"] is token["logprob"] is token["surprisalBits"] is token["surplusBits"] is None
    assert token["entropyBits"] > 0
    row = list(csv.DictReader(io.StringIO(written[ExportFormat.csv])))[1]
    assert row["logprob"] == row["probability"] == ""
    assert "p undefined" in written[ExportFormat.html]
    page = Page(written[ExportFormat.html])
    assert ["undefined" in cell["class"].split() for cell in page.cells] == [
        False,
        True,
        *[False] * (len(page.cells) - 2),
    ]
    assert "undefined" in written[ExportFormat.table] and "undefined" in written[ExportFormat.markdown]
    spans = [span for line in coloured_lines(analyzed()) for span in line.spans]
    assert [span.style.strike for span in spans[:2]] == [None, True]


def test_json_names_the_unit_of_every_column(model):
    record = json.loads("".join(pieces_of(analyze_text(model, TEXT, 2, source="x", note="cut"), ExportFormat.json)))
    assert set(record["tokens"][0]) - set(record["units"]) == {"alternatives"}
    assert set(UNITS) < set(record["units"])
    assert (record["schema"], record["source"], record["note"]) == (1, "x", "cut")
    assert record["model"]["id"] == model.id and record["tokenizer"]["id"] == model.tokenizer.id
    first = record["tokens"][0]
    assert first["coveredMass"] == sum(math.exp(each["logprob"]) for each in first["alternatives"])
    assert first["ratio"] == pytest.approx(first["probability"] / math.exp(first["maxLogprob"]))
    assert first["surplusBits"] == first["surprisalBits"] - first["entropyBits"]


@pytest.mark.parametrize("text", NASTY)
def test_a_cell_adds_up_its_tokens(model, text):
    for cell in cells_of(analyze_text(model, text, 0)):
        assert cell.surprisal_bits == pytest.approx(sum(row.surprisal_bits for row in cell.rows))
        assert cell.rank == max(row.rank for row in cell.rows)
        assert cell.surplus_bits == pytest.approx(sum(row.surplus_bits for row in cell.rows))
        assert cell.ratio_bits == pytest.approx(-sum(math.log2(row.ratio) for row in cell.rows), abs=1e-9)


def test_colours_and_heat_maps_are_those_of_the_editor():
    colours = {each["id"]: each["defaults"] for each in MANIFEST["contributes"]["colors"]}
    for bucket in range(WORST_BUCKET + 1):
        name = "worst" if bucket == WORST_BUCKET else bucket
        assert colours[f"tinylm.heat.{name}"]["light"] == LIGHT[bucket]
        assert colours[f"tinylm.heat.{name}"]["dark"] == DARK[bucket]
    settings = {
        key: value for part in MANIFEST["contributes"]["configuration"] for key, value in part["properties"].items()
    }
    assert settings["tinylm.heatMap"]["enum"] == [*Heat] == ["off", *HeatMode]
    source = (Path(__file__).parents[2] / "extension" / "src" / "heat.ts").read_text("utf-8")
    titles = re.findall(r'case "(\w+)":\n +return "(.+)";', source)
    assert titles == [("off", "Off"), *((mode, title_of(mode)) for mode in HeatMode)]


def test_buckets_agree_with_the_legend(model):
    """For 400 entries the scale ends at 8.64 bits; a cell of two tokens may cost twice that."""
    cell = next(cells_of(analyze_text(model, "a", 0)))
    row = cell.rows[0]

    def bucket(bits, mode=HeatMode.surprisal, n_tokens=1):
        rows = (replace(row, logprob=-bits * math.log(2) / n_tokens),) * n_tokens
        return bucket_of(replace(cell, rows=rows), mode, 400)

    assert legend(HeatMode.surprisal, 400)[1] == (1, "1.3 to 2.7 bits")
    assert [bucket(bits) for bits in (0.0, 1.32, 1.34, 2.7, 8.6, 8.7)] == [0, 0, 1, 2, 6, 7]
    assert bucket(17.2, n_tokens=2) == 6
    ranks = [
        bucket_of(replace(cell, rows=(replace(row, rank=rank),)), HeatMode.rank, 400) for rank in (1, 2, 11, 101, 1001)
    ]
    assert ranks == [bucket for bucket, _ in legend(HeatMode.rank, 400)]
    assert bucket(0.0, HeatMode.surplus) == 0
