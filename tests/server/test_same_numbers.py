"""One text, one set of numbers: in what the editor paints, in hovers, in exports and in everything the terminal writes.

The text is longer than the model's context, and has an emoji, Chinese, CRLF, and characters that are split over tokens.
"""

import csv
import io
import json
import math
import re
from itertools import pairwise

import pytest
from lsp_client import Client
from markdown_it import MarkdownIt
from tinylm_server.line_index import split_lines, width

from tests.tinylm.test_renderings import Page
from tinylm.analysis.wording import fit, hex_bytes, is_plain, percent, signed
from tinylm.cli.app import main
from tinylm.model.language_model import LanguageModel
from tinylm.model.windows import reach

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///home/ada/story.txt"
TEXT = (
    'Once upon a time 👩‍👧 said "日本" and\tran.\r\n\r\nPip the fox saw a 🦖 bird, e\u0301 n\u0303 <b>&amp; | `x`\r'
    "The bird sang a happy song near the old mill, and Pip laughed. " * 3 + "\nAt last 字典 the end.\r\n"
)


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


@pytest.fixture(scope="module")
def analyzed(model_directory, tmp_path_factory):
    """Return a function that runs `tinylm analyze` on the text in a format."""
    file = tmp_path_factory.mktemp("text") / "story.txt"
    file.write_bytes(TEXT.encode())

    def run(format, capfd):
        with pytest.raises(SystemExit) as left:
            main(["analyze", str(file), "--model", str(model_directory), "--format", format])
        assert not left.value.code
        return capfd.readouterr().out

    return run


@pytest.fixture
def tokens(analyzed, capfd):
    """The tokens as JSON has them: what everything else is held to."""
    return json.loads(analyzed("json", capfd))["tokens"]


def figures(token):
    """Return a token's numbers as people read them."""
    return [percent(token["logprob"]), signed(token["surprisalBits"]), str(token["rank"]), signed(token["entropyBits"])]


def cells_of(tokens):
    cells = {}
    for token in tokens:
        cells.setdefault(token["cell"], []).append(token)
    return list(cells.values())


async def test_the_text_is_a_hard_one(tokens):
    assert {len(cell) for cell in cells_of(tokens)} >= {1, 3, 4}
    assert max(token["contextTokens"] for token in tokens) > 40
    assert len(tokens) > 2 * 64
    assert [token["contextTokens"] for token in tokens] != list(range(len(tokens)))  # more than one window


async def test_the_editor_paints_the_numbers_of_json(shared_client: Client, tokens):
    shared_client.open(URI, TEXT)
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}
    params = {"textDocument": {"uri": URI}, "version": 1, "ranges": [everything], "scores": True}
    reply = await shared_client.request("tinylm/tokens", params)
    assert reply["ids"] == [token["id"] for token in tokens]
    for name in ("rank", "contextTokens"):
        assert reply["scores"][name] == [token[name] for token in tokens]
    for name in ("surprisalBits", "entropyBits", "maxLogprob"):  # the wire has five decimals
        assert reply["scores"][name] == pytest.approx([token[name] for token in tokens], abs=1.1e-5, rel=0)
    assert reply["cells"][5::6] == [len(cell) for cell in cells_of(tokens)]
    assert reply["summary"]["surprisalBits"] == pytest.approx(sum(token["surprisalBits"] for token in tokens), abs=1e-3)


async def test_after_an_edit_the_editor_paints_the_numbers_of_a_fresh_analysis(shared_client: Client, model):
    """Behind the edit windows may begin elsewhere; before it, and out of its reach, every value stays as it was."""
    text = "".join(
        f"{idx}. The bird sang near the old mill and Pip number {idx * 7 % 13} laughed.\n" for idx in range(90)
    )
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}
    params = {"textDocument": {"uri": URI}, "version": 1, "ranges": [everything], "scores": True}
    shared_client.open(URI, text)
    old = await shared_client.request("tinylm/tokens", params)
    at = {"line": 20, "character": 7}
    shared_client.change(URI, 2, {"range": {"start": at, "end": at}, "text": "red 🦖 "})
    new = await shared_client.request("tinylm/tokens", {**params, "version": 2})
    lines = text.splitlines(keepends=True)
    edited = "".join([*lines[:20], lines[20][:7], "red 🦖 ", lines[20][7:], *lines[21:]])
    fresh = model.analyze(edited, top_k=0)
    assert new["ids"] == fresh.ids.tolist()
    assert new["scores"]["contextTokens"] == fresh.scores.context_tokens.tolist()
    expected = fresh.scores.surprisal_bits.tolist()
    assert new["scores"]["surprisalBits"] == pytest.approx(expected, abs=1.1e-5, rel=0)
    n_before = len(model.tokenizer.encode("".join(lines[:20])))
    n_after = len(old["ids"]) - n_before - 40 - reach(64)
    assert n_after > 100
    for column in old["scores"]:
        assert new["scores"][column][:n_before] == old["scores"][column][:n_before]
        assert new["scores"][column][-n_after:] == old["scores"][column][-n_after:]


async def test_the_page_shades_the_cells_that_the_editor_shades(shared_client: Client, analyzed, capfd):
    shared_client.open(URI, TEXT)
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}
    params = {"textDocument": {"uri": URI}, "version": 1, "ranges": [everything], "scores": True}
    flags = (await shared_client.request("tinylm/tokens", params))["cells"][4::6]
    cells = Page(analyzed("html", capfd)).cells
    assert ["odd" in cell["class"].split() for cell in cells] == [bool(flag & 1) for flag in flags]
    assert ["split" in cell["class"].split() for cell in cells] == [bool(flag & 2) for flag in flags]


async def test_every_hover_says_the_numbers_of_json(shared_client: Client, model, tokens):
    """At the first character of each cell; a cell of several tokens lists each of them."""
    shared_client.open(URI, TEXT)
    for cell in cells_of(tokens):
        lines = split_lines(TEXT[: cell[0]["startChar"]] + "x")
        at = {"line": len(lines) - 1, "character": width(lines[-1][:-1], "utf-16")}
        if TEXT[: cell[0]["startChar"]].endswith("\r") and TEXT[cell[0]["startChar"]] == "\n":
            continue  # between CR and LF is no position
        hover = await shared_client.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": at})
        shown = hover["contents"]["value"]
        for token in cell:
            assert all(figure in shown for figure in figures(token)), (token, shown)
            assert signed(token["logprob"]) in shown
        if len(cell) > 1:
            assert f"{signed(cell[0]['cellSurprisalBits'])}" in shown
        n_context = cell[0]["contextTokens"]
        assert ("predicted from <|endoftext|>" if n_context == 0 else f"context {n_context} token") in shown
        for token in cell:
            n_listed = max(3, 10 // len(cell))
            if n_listed == 10 and token["rank"] > 8:
                n_listed = 6  # its own row follows, where it is seen
            listed = token["alternatives"][:n_listed]
            for other in listed:
                if other["text"].isascii():  # what is no whole character has the likely one behind it
                    assert f"{fit(other['text'], 18)} {percent(other['logprob']):>9}" in shown
            mass = math.log(math.fsum(math.exp(other["logprob"]) for other in listed))
            assert re.search(rf"top {n_listed} together +{re.escape(percent(mass))}$", shown, re.MULTILINE)


async def test_exports_are_the_bytes_of_the_command_line(shared_client: Client, analyzed, capfd):
    shared_client.open(URI, TEXT)
    for format in ("json", "csv", "html", "markdown", "table"):
        shared_client.notifications.clear()
        params = {"textDocument": {"uri": URI}, "version": 1, "format": format, "source": "S", "streamId": format}
        await shared_client.request("tinylm/export", params)
        pieces = [
            each["params"]["text"] for each in shared_client.notifications if each["method"] == "tinylm/exportPiece"
        ]
        name = re.search(r"[^ \"`>]*/story\.txt", written := analyzed(format, capfd))
        assert "".join(pieces) == (written if name is None else written.replace(name[0], "S"))


async def test_csv_table_document_and_page_have_the_numbers_of_json(analyzed, tokens, capfd):
    rows = list(csv.DictReader(io.StringIO(analyzed("csv", capfd), newline="")))
    for row, token in zip(rows, tokens, strict=True):
        for name in ("logprob", "surprisalBits", "entropyBits", "probability", "maxLogprob", "cellSurprisalBits"):
            assert float(row[name]) == token[name]
        assert [int(row[name]) for name in ("id", "rank", "contextTokens")] == [
            token[name] for name in ("id", "rank", "contextTokens")
        ]
    assert table_rows(analyzed("table", capfd)) == [table_row(token) for token in tokens]
    cells = document_rows(analyzed("markdown", capfd))
    assert [[row[0], row[2], *row[4:10]] for row in cells if row[0]] == [
        [
            str(token["index"]), str(token["id"]), percent(token["logprob"]), signed(token["logprob"], 3),
            signed(token["surprisalBits"]), str(token["rank"]), signed(token["entropyBits"]),
            str(token["contextTokens"]),
        ]
        for token in tokens
    ]  # fmt: skip
    together = [[row[4], row[6]] for row in cells if not row[0]]
    split = [cell for cell in cells_of(tokens) if len(cell) > 1]
    assert together == [
        [percent(sum(token["logprob"] for token in cell)), signed(cell[0]["cellSurprisalBits"])] for cell in split
    ]
    titles = [cell["title"] for cell in Page(analyzed("html", capfd)).cells]
    for title, cell in zip(titles, cells_of(tokens), strict=True):
        for token in cell:
            p, bits, rank, entropy = figures(token)
            data = bytes.fromhex(token["bytes"])
            shown = "" if is_plain(data) else f", bytes {hex_bytes(data)}"
            line = f"{token['text']}, id {token['id']}{shown}: p {p}, log p {signed(token['logprob'])} nats"
            assert f"{line}, surprisal {bits} bits\nrank {rank}, p/p_max " in title
            assert f"entropy {entropy} bits, surprisal−entropy {signed(token['surplusBits'])} bits" in title
        n_context = cell[0]["contextTokens"]
        assert (f"context {n_context} tokens" if n_context else "predicted from <|endoftext|>") in title


def table_rows(text):
    """Return index, id, p, log p, surprisal, rank, entropy and context of each token's line."""
    lines = text.split("\n\n")[0].splitlines()[1:]
    return [line[:6].split() + line[28:].split()[:8] for line in lines if line[:6].strip()]


def table_row(token):
    return [
        str(token["index"]), str(token["id"]), *percent(token["logprob"]).split(), signed(token["logprob"], 3),
        signed(token["surprisalBits"]), str(token["rank"]), signed(token["entropyBits"]), str(token["contextTokens"]),
    ]  # fmt: skip


def document_rows(text):
    """Return the cells of the document's table, as text, without the heading."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows, row = [], []
    for before, token in pairwise(tokens):
        if before.type == "td_open":
            row.append("".join(child.content for child in token.children))
        if token.type == "tr_close":
            rows.append(row)
            row = []
    return rows[1:]
