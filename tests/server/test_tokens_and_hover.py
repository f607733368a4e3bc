"""tinylm/tokens and hover over stdio: whole replies, positions included, against the library itself."""

import re

import numpy as np
import pytest
from lsp_client import Client, LspError
from naive_text import char_of_column, column_of_char
from tinylm_server.line_index import content_of, split_lines, width

from tinylm.analysis.characters import ends_inside_character, likely_character, pending_bytes
from tinylm.analysis.wording import is_plain, percent, signed
from tinylm.model.engine import no_check
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.byte_level import visible_char
from tinylm.tokens.spans import group_cells, locate

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:story"
TEXT = 'Once upon a time\r\nPip said, "Don\'t cry!"\n\nThe small fox 😀 ran.\x0cA bird\u2028sang. 字é\n'
TORTURE = (
    "plain ascii\n"
    "emoji 😀 and 👩\u200d🚀 and 🇩🇪.\r\n"
    "cjk 字典 and e\u0301 and \u05d0\u202e!\r"
    "ff\x0cvt\x0bnel\x85ls\u2028ps\u2029fs\x1c end\n"
    "   trailing   \n\n\n"
    "<|endoftext|> `ticks` | pipe <b>[x](y)</b>\t\n"
    "last"
)


def tokens_params(version=1, scores=False, *ranges):
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}
    return {"textDocument": {"uri": URI}, "version": version, "ranges": list(ranges) or [everything], "scores": scores}


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


async def test_tokens_with_scores_are_those_of_the_library(shared_client: Client, model):
    """The whole reply, compared with an analysis of the whole text."""
    shared_client.open(URI, TEXT)
    reply = await shared_client.request("tinylm/tokens", tokens_params(scores=True))
    analysis = model.analyze(TEXT, top_k=0)
    logprob = analysis.scores.logprob.astype(np.float64)
    n_bytes = len(TEXT.encode())
    assert {name: reply[name] for name in reply if name not in ("cells", "scores", "summary")} == {
        "schema": 1,
        "version": 1,
        "tokenizerId": model.tokenizer.id,
        "modelId": model.id,
        "nTokens": len(analysis.ids),
        "nBytes": n_bytes,
        "nCountedBytes": n_bytes,
        "ids": analysis.ids.tolist(),
        "note": None,
    }
    assert reply["cells"][5::6] == analysis.cells.n_tokens.tolist()
    assert reply["scores"]["surprisalBits"] == pytest.approx((-logprob / np.log(2)).tolist(), abs=2e-5)
    assert reply["scores"]["rank"] == analysis.scores.rank.tolist()
    assert reply["scores"]["entropyBits"] == pytest.approx(analysis.scores.entropy_bits.tolist(), abs=2e-5)
    assert reply["scores"]["maxLogprob"] == pytest.approx(analysis.scores.max_logprob.tolist(), abs=2e-5)
    assert reply["scores"]["contextTokens"] == analysis.scores.context_tokens.tolist()
    assert reply["summary"] == {
        "surprisalBits": pytest.approx(-logprob.sum() / np.log(2), abs=1e-3),
        "nBytes": n_bytes,
        "nTokens": len(analysis.ids),
    }


async def test_a_range_in_the_middle_of_a_long_text_has_the_scores_of_the_whole(shared_client: Client, model):
    """A viewport far from the top: tokens and probabilities equal those of one analysis of everything."""
    text = "".join(f"{idx}. Pip the fox saw a bird number {idx * 7 % 13} near the old mill.\n" for idx in range(400))
    shared_client.open(URI, text)
    middle = {"start": {"line": 250, "character": 3}, "end": {"line": 262, "character": 5}}
    reply = await shared_client.request("tinylm/tokens", tokens_params(1, True, middle))
    analysis = model.analyze(text, top_k=0)
    starts = np.cumsum([0, *map(len, split_lines(text))])
    low, high = starts[250] + 3, starts[262] + 5
    wanted = np.flatnonzero((analysis.spans.start_char < high) & (analysis.spans.end_char > low))
    assert reply["ids"] == analysis.ids[wanted].tolist()
    assert reply["cells"][:2] == [250, int(analysis.spans.start_char[wanted[0]] - starts[250])]
    expected = -analysis.scores.logprob[wanted].astype(np.float64) / np.log(2)
    assert reply["scores"]["surprisalBits"] == pytest.approx(expected.tolist(), abs=2e-5)
    assert reply["scores"]["contextTokens"] == analysis.scores.context_tokens[wanted].tolist()


async def test_overlapping_and_reversed_ranges_give_each_cell_once(shared_client: Client):
    shared_client.open(URI, TEXT)
    first = {"start": {"line": 1, "character": 9}, "end": {"line": 0, "character": 3}}
    second = {"start": {"line": 1, "character": 2}, "end": {"line": 3, "character": 4}}
    both = await shared_client.request("tinylm/tokens", tokens_params(1, False, second, first))
    joined = {"start": {"line": 0, "character": 3}, "end": {"line": 3, "character": 4}}
    one = await shared_client.request("tinylm/tokens", tokens_params(1, False, joined))
    assert both == one


async def test_a_stale_version_is_content_modified_and_an_unopened_document_invalid(shared_client: Client):
    shared_client.open(URI, TEXT)
    shared_client.change(URI, 2, {"range": _range(0, 0, 0, 4), "text": "Twice"})
    with pytest.raises(LspError, match="-32801"):
        await shared_client.request("tinylm/tokens", tokens_params(1))
    assert (await shared_client.request("tinylm/tokens", tokens_params(2)))["version"] == 2
    shared_client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    with pytest.raises(LspError, match="-32602"):
        await shared_client.request("tinylm/tokens", tokens_params(2))
    with pytest.raises(LspError, match="-32602"):
        await shared_client.request("textDocument/hover", _at("file:///etc/passwd", 0, 0))


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"textDocument": {"uri": 7}},
        {**tokens_params(), "version": "1"},
        {**tokens_params(), "ranges": None},
        {**tokens_params(), "ranges": [{"start": {"line": -1, "character": 0}}]},
        {**tokens_params(), "scores": "yes"},
    ],
)
async def test_bad_parameters_are_invalid_params(shared_client: Client, broken):
    shared_client.open(URI, TEXT)
    with pytest.raises(LspError, match="-32602"):
        await shared_client.request("tinylm/tokens", broken)


@pytest.mark.asyncio(loop_scope="function")
async def test_cells_are_capped_with_a_note(bare_client: Client, model_directory):
    bare_client.settings = {"model": {"path": str(model_directory)}, "maxCells": 10}
    await bare_client.initialize()
    await bare_client.ready()
    bare_client.open(URI, TEXT)
    reply = await bare_client.request("tinylm/tokens", tokens_params(scores=True))
    assert len(reply["cells"]) == 60
    assert len(reply["scores"]["rank"]) == len(reply["ids"]) == sum(reply["cells"][5::6])
    assert reply["note"] == "capped at 10 cells; the setting tinylm.maxCells allows more"
    await bare_client.close()


@pytest.mark.asyncio(loop_scope="function")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-32"])
async def test_hover_is_right_at_every_position_of_a_hard_text(bare_client: Client, model_directory, model, encoding):
    """At each column of each line: the cell that the character there belongs to, with its range, bytes and ids."""
    bare_client.positions = encoding
    bare_client.settings = {"model": {"path": str(model_directory)}}
    assert (await bare_client.initialize())["capabilities"]["positionEncoding"] == encoding
    await bare_client.ready()
    bare_client.open(URI, TORTURE)
    ids = model.tokenizer.encode(TORTURE)
    cells = group_cells(locate(TORTURE, model.tokenizer.byte_lengths, ids))
    lines = split_lines(TORTURE)
    start_of_line = 0
    for number, line in enumerate(lines):
        for column in range(width(content_of(line), encoding) + 2):
            hover = await bare_client.request("textDocument/hover", _at(URI, number, column))
            char = start_of_line + char_of_column(line, column, encoding)
            if char == len(TORTURE):
                assert hover is None
                continue
            cell = next(idx for idx in range(len(cells)) if cells.start_char[idx] <= char < cells.end_char[idx])
            assert hover["range"] == {
                "start": _position(lines, int(cells.start_char[cell]), encoding),
                "end": _position(lines, int(cells.end_char[cell]), encoding),
            }
            for token_id in ids[cells.first_token[cell] :][: cells.n_tokens[cell]].tolist():
                assert str(token_id) in hover["contents"]["value"]
                data = model.tokenizer.token_bytes(token_id)
                shown = model.tokenizer.visible(token_id) if is_plain(data) else data.hex(" ").upper()
                assert shown in hover["contents"]["value"]
        start_of_line += len(line)
    await bare_client.close()


async def test_hover_tells_everything_about_a_token(shared_client: Client, model):
    """The whole text of one hover, with numbers from an analysis of the whole document."""
    shared_client.open(URI, TEXT)
    hover = await shared_client.request("textDocument/hover", _at(URI, 1, 5))
    analysis = model.analyze(TEXT, top_k=10)
    token = int(np.flatnonzero(analysis.spans.start_char <= len("Once upon a time\r\nPip s"))[-1])
    token_id, logprob = int(analysis.ids[token]), float(analysis.scores.logprob[token])
    bits, entropy = -logprob / np.log(2), float(analysis.scores.entropy_bits[token])
    best = float(analysis.scores.max_logprob[token])
    title, block, below = hover["contents"]["value"].split("\n\n")
    visible, rank = model.tokenizer.visible(token_id), int(analysis.scores.rank[token])
    merge_rank = model.tokenizer.merge_rank(token_id)
    assert title == f"**`{visible}`** · token id {token_id} · {len(visible)} bytes · merge rank {merge_rank}"
    assert block.splitlines()[1:4] == [
        f"p {percent(logprob)}   log p −{-logprob:.2f} nats   rank {rank} of 400",
        f"surprisal {bits:.2f} bits − entropy {entropy:.2f} bits ≈ {signed(bits - entropy)} bits",
        f"p/p_max {percent(logprob - best)}   context {token} tokens, short",
    ]
    rows = [line.replace("▸", " ").split() for line in block.splitlines()[4:-1]]
    assert [row[:3] for row in rows[:6]] == [
        [str(place + 1), model.tokenizer.visible(int(other)), percent(float(value)).split()[0]]
        for place, (other, value) in enumerate(
            zip(analysis.alternatives.ids[token, :6], analysis.alternatives.logprob[token, :6], strict=True)
        )
    ]
    total = float(np.exp(analysis.alternatives.logprob[token, :6].astype(np.float64)).sum())
    assert rank > 8  # so that six are listed, and its own row is seen
    assert rows[6] == ["…"] and rows[7][:2] == [str(rank), visible]
    assert rows[8:] == [["top", "6", "together", *percent(np.log(total)).split()]]
    assert below.splitlines()[1] == "merges:"
    assert below.splitlines()[-2:] == ["model model0", "```"]


async def test_hover_completes_alternatives_that_end_inside_a_character(shared_client: Client, model):
    """Each alternative that is the beginning of a character names the one that the library completes it to."""
    shared_client.open(URI, TEXT)
    analysis = model.analyze(TEXT, top_k=10)
    partial = [
        (token, int(other))
        for token in analysis.cells.first_token.tolist()
        for other in analysis.alternatives.ids[token, :6]  # more are not always listed
        if ends_inside_character(model.tokenizer.token_bytes(int(other)))
    ]
    assert partial
    token, other = partial[0]
    char = likely_character(model.new_decoder(), model.vocabulary, analysis.ids[:token], other, no_check)
    lines = split_lines(TEXT[: analysis.spans.start_char[token]])
    hover = await shared_client.request("textDocument/hover", _at(URI, len(lines) - 1, width(lines[-1], "utf-16")))
    shown = f"{model.tokenizer.visible(other)} ⇒ {visible_char(char)}"
    assert shown in hover["contents"]["value"]
    assert "⇒ the likely character, completed greedily" in hover["contents"]["value"]


async def test_hover_tells_the_alternatives_to_each_part_of_a_character(shared_client: Client, model):
    """Behind the first parts of a character, what goes on with it names the one that the library completes it to."""
    text = "the 字 bird"
    shared_client.open(URI, text)
    hover = await shared_client.request("textDocument/hover", _at(URI, 0, 4))
    analysis = model.analyze(text, top_k=10)
    first = next(
        int(cell) for cell, n in zip(analysis.cells.first_token, analysis.cells.n_tokens, strict=True) if n > 1
    )
    n_tokens = int(analysis.cells.n_tokens[analysis.cells.first_token.tolist().index(first)])
    pieces = hover["contents"]["value"].split("instead of ")[1:]
    assert len(pieces) == n_tokens
    n_named = 0
    for part, piece in enumerate(pieces):
        token = first + part
        pending = pending_bytes(model.tokenizer.decode_bytes(analysis.ids[first:token]))
        for other in analysis.alternatives.ids[token, : max(3, 10 // n_tokens)].tolist():
            char = likely_character(
                model.new_decoder(), model.vocabulary, analysis.ids[:token], other, no_check, pending=pending
            )
            named = f"{model.tokenizer.visible(other)} ⇒ {'' if char is None else visible_char(char)}"
            assert (named in piece) == (char is not None), (part, other, piece)
            n_named += char is not None
    assert n_named > 0


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_without_markdown_gets_plain_text(bare_client: Client, model_directory):
    bare_client.settings = {"model": {"path": str(model_directory)}}
    capabilities = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}, "workspace": {"configuration": True}}
    await bare_client.initialize(capabilities=capabilities)
    await bare_client.ready()
    bare_client.open(URI, TEXT)
    contents = (await bare_client.request("textDocument/hover", _at(URI, 1, 5)))["contents"]
    assert contents["kind"] == "plaintext"
    assert not re.search(r"[`*]|text$", contents["value"].splitlines()[0])
    assert "surprisal " in contents["value"] and "```" not in contents["value"]
    await bare_client.close()


def _at(uri, line, column):
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}


def _range(line, column, end_line, end_column):
    return {"start": {"line": line, "character": column}, "end": {"line": end_line, "character": end_column}}


def _position(lines, char, encoding):
    for number, line in enumerate(lines):
        if char < len(line) or number == len(lines) - 1:
            return {"line": number, "character": column_of_char(line, char, encoding)}
        char -= len(line)
    raise AssertionError
