"""The text of hovers: one whole example, and nothing in any token, model name or reason that becomes markup."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tinylm_server.hover_text import Subject, hover_text, n_listed
from tinylm_server.scoring import Inspection

from tests.conftest import train_400_entries
from tests.tinylm.test_spans import nasty_text
from tinylm.analysis.wording import percent
from tinylm.tokens.spans import group_cells, locate
from tinylm.tokens.tokenizer import Tokenizer

HOSTILE = [
    "![x](http://evil/x.png)", "[run](command:evil)", "<img src=x onerror=alert(1)>", "<https://evil>", "www.evil.com",
    "````` `` |a|b|\n|-|-|\n", "$(zap) **b** ~~~\n# big\n> quote", "&lt;b&gt; \\| \\[x](y)", "\u202e\u200b\x1b[31m\x00",
]  # fmt: skip
hostile_text = st.one_of(nasty_text, st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map("".join))


@pytest.fixture(scope="module")
def hostile_tokenizer(tmp_path_factory):
    """A tokenizer whose entries are pieces of markup: `](`, `![`, runs of backticks."""
    file = tmp_path_factory.mktemp("hostile") / "tokenizer.json"
    train_400_entries([text * 20 for text in HOSTILE], file)
    return Tokenizer.load(file)


def inspection(logprobs, alternatives, name="model0", rank=12, context=40):
    """Return what a model might say: the same rank, entropy (2.5 bits) and context for every token."""
    n_tokens = len(logprobs)
    return Inspection(
        name,
        np.array(logprobs, np.float32),
        np.full(n_tokens, rank, np.int32),
        np.full(n_tokens, 2.5, np.float32),
        np.full(n_tokens, context, np.int32),
        np.array([[token_id for token_id, _ in alternatives]] * n_tokens, np.int32),
        np.array([[logprob for _, logprob in alternatives]] * n_tokens, np.float32),
    )


@given(text=hostile_text, name=hostile_text, where=st.integers(0, 10**6), with_model=st.booleans())
def test_nothing_in_a_hover_is_markup(hostile_tokenizer, text, name, where, with_model):
    """Read by a Markdown parser of others, HTML allowed: one paragraph of title, then blocks of literal text."""
    ids = hostile_tokenizer.encode(text)
    if len(ids) == 0:
        return
    cells = group_cells(locate(text, hostile_tokenizer.byte_lengths, ids))
    cell = where % len(cells)
    first, n_tokens = int(cells.first_token[cell]), int(cells.n_tokens[cell])
    subject = Subject(
        text[int(cells.start_char[cell]) : int(cells.end_char[cell])], ids[first : first + n_tokens].tolist(), 128
    )
    alternatives = [(token_id, -1.0) for token_id in ids[:10].tolist()]
    found = inspection([-3.0] * n_tokens, alternatives, name) if with_model else name
    source = hover_text(hostile_tokenizer, subject, found)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "strong_open", "strong_close", "code_inline"}
    assert kinds <= allowed | {"fence"}
    shown = "".join(token.content for token in tokens if token.type in ("fence", "inline"))
    plain = hover_text(hostile_tokenizer, subject, found, markdown=False)
    for line in plain.splitlines()[1:]:  # the plain variant says the same; unprintable characters are spaces
        assert "".join(char if char.isprintable() else " " for char in line).strip() in shown or not with_model


@pytest.fixture(scope="module")
def tokenizer(tokenizer_directory):
    return Tokenizer.load(tokenizer_directory)


def test_one_hover_as_a_whole(tokenizer):
    """Every figure with its unit; the token that stands there is marked, after what is left out before its rank."""
    ids = {tokenizer.visible(token_id): token_id for token_id in range(tokenizer.vocab_size)}
    alternatives = [(ids["·the"], np.log(0.5)), (ids["·a"], np.log(0.25)), (ids["."], np.log(0.0125))]
    found = inspection([np.log(0.001)], alternatives, context=20)
    rank = {name: tokenizer.merge_rank(ids[name]) for name in ("·nest", "·ne", "·n", "st")}
    assert hover_text(tokenizer, Subject(" nest", [ids["·nest"]], 64), found, markdown=False) == (
        f"·nest · token id {ids['·nest']} · 5 bytes · merge rank {rank['·nest']}\n"
        "\n"
        "p 0.10 %   log p −6.91 nats   rank 12 of 400\n"
        "surprisal 9.97 bits − entropy 2.50 bits ≈ 7.47 bits\n"
        "p/p_max 0.20 %   context 20 tokens, short\n"
        "  1 ·the                  50.0 % ████████\n"
        "  2 ·a                    25.0 % ████\n"
        "  3 .                      1.2 % ▎\n"
        "  …\n"
        "▸12 ·nest                 0.10 % ▏\n"
        "    top 3 together        76.2 %\n"
        "\n"
        "merges:\n"
        f"·nest = ·ne + st (merge rank {rank['·nest']})\n"
        f"  ·ne = ·n + e (merge rank {rank['·ne']})\n"
        f"    ·n = · + n (merge rank {rank['·n']})\n"
        f"  st = s + t (merge rank {rank['st']})\n"
        "model model0"
    )


def test_a_character_in_parts_has_a_line_for_each_and_their_sum(tokenizer):
    ids = tokenizer.encode("🦖").tolist()
    logprobs = [-1.0, -2.0, -3.0, -4.0]
    lead, letter = ids[0], int(tokenizer.encode("a")[0])
    found = inspection(logprobs, [(lead, -1.0), (letter, -2.0)], rank=12, context=0)
    characters = [{lead: "😀"}, {}, {letter: "🙂"}, {}]
    lines = hover_text(tokenizer, Subject("🦖", ids, 64, characters), found, markdown=False).splitlines()
    assert lines[0] == "🦖 is split over 4 tokens"
    assert lines[4].split() == ["F0", str(lead), "36.8", "%", "−1.00", "1.44", "2.50", "12"]
    assert lines[8].split() == ["together", "0.0045", "%", "−10.00", "14.43"]
    assert lines[9] == "predicted from <|endoftext|>"
    data = [f"{byte:02X}" for byte in "🦖".encode()]
    blocks = "\n".join(lines[10 : lines.index("merges:") if "merges:" in lines else None]).split("instead of ")[1:]
    heads = [block.splitlines()[0] for block in blocks]
    assert heads == [f"{data[0]}:", *(f"{data[at]} after {' '.join(data[:at])}:" for at in (1, 2, 3))]
    parts = [[line.split() for line in block.splitlines()[1:]] for block in blocks]
    assert parts[0][0][:5] == ["▸1", "⟨F0⟩", "⇒", "😀", "36.8"] and parts[0][1][:2] == ["2", "a"]
    assert parts[2][1][:4] == ["2", "a", "⇒", "🙂"]
    for part, logprob, byte in zip(parts[1:], logprobs[1:], data[1:], strict=True):
        assert part[2] == ["…"]
        assert part[3][:2] == ["▸12", f"⟨{byte}⟩"] and part[3][2] == percent(logprob).split()[0]
        assert part[4] == ["top", "2", "together", "50.3", "%"]
    assert any("completed greedily" in line for line in lines)


def test_several_tokens_share_the_room_of_the_alternatives(tokenizer):
    ids = tokenizer.encode("🦖").tolist()
    alternatives = [(token_id, -float(token_id)) for token_id in range(1, 11)]
    for n_tokens, n in ((1, 10), (2, 5), (3, 3), (4, 3)):
        assert n_listed(inspection([-1.0] * n_tokens, alternatives), 1, n_tokens - 1) == n
    assert n_listed(inspection([-1.0] * 4, alternatives[:2]), 1, 0) == 2
    text = hover_text(tokenizer, Subject("🦖", ids, 64), inspection([-1.0] * 4, alternatives))
    assert text.count("top 3 together") == 4


@pytest.mark.parametrize(("n_alternatives", "n_shown"), [(3, 3), (6, 6), (7, 6), (10, 6), (11, 11), (40, 40)])
def test_a_token_behind_the_list_has_its_row_where_it_is_seen(tokenizer, n_alternatives, n_shown):
    """Eight rows are seen: of a list up to the default's length the end gives way, a longer one was asked for."""
    alternatives = [(token_id, -float(token_id)) for token_id in range(1, n_alternatives + 1)]
    found = inspection([-90.0], alternatives, rank=200)
    lines = hover_text(tokenizer, Subject("a", [399], 64), found, markdown=False).splitlines()[5:]
    assert [line.split()[0] for line in lines[: n_shown + 3]] == [*map(str, range(1, n_shown + 1)), "…", "▸200", "top"]
    for rank in range(1, n_alternatives + 1):
        inside = inspection([-1.0], alternatives, rank=rank)
        lines = hover_text(tokenizer, Subject("a", [rank], 64), inside, markdown=False).splitlines()[5:]
        assert n_alternatives > 10 or any(line.startswith("▸") for line in lines[:8])


def test_what_is_undefined_is_said(tokenizer):
    found = inspection([np.nan], [(1, np.nan)])
    text = hover_text(tokenizer, Subject("a", tokenizer.encode("a").tolist(), 64), found)
    assert "p undefined" in text
    assert "surprisal undefined" in text
