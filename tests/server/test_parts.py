"""The small parts: settings, safe Markdown, frames of the worker's pipe, framing of messages, turns."""

import asyncio
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygls.exceptions import JsonRpcContentModified
from tinylm_server.frames import Frame, pack, read_frame
from tinylm_server.settings import KEYS, Settings, settings_from
from tinylm_server.stdio import FramingBroken, read_message
from tinylm_server.turns import Turns

from tinylm.analysis.markdown import code_span, table
from tinylm.analysis.wording import bar, percent


def test_settings_of_the_wrong_type_are_replaced_with_one_warning_each():
    settings, warnings = settings_from({
        "hover": {"alternatives": "many"}, "maxCells": 3, "threads": True, "generation": {"temperature": 1, "topP": 7},
        "inlineCompletion": {"languages": ["rust"], "enabled": 1}, "model": None, "python": {"path": 7},
    })  # fmt: skip
    assert settings == Settings(max_cells=3, temperature=1.0, inline_languages=("rust",))
    assert [warning.split('"')[1] for warning in warnings] == [
        "tinylm.hover.alternatives", "tinylm.inlineCompletion.enabled", "tinylm.generation.topP", "tinylm.threads",
    ]  # fmt: skip
    assert warnings[0] == (
        "setting \"tinylm.hover.alternatives\" is 'many'; expected a number from 1 to 100; 10 is used"
    )


@pytest.mark.parametrize("values", [None, {}, {"unknown": 1}, {"tinylm.hover.alternatives": None}])
def test_absent_settings_are_the_defaults(values):
    assert settings_from(values) == (Settings(), [])


def test_no_setting_can_stop_the_server():
    for junk in (7, [], "x", {"hover": 7}, {"hover": {"alternatives": math.nan}}, {"threads": 1e400}, {"maxCells": -1}):
        assert isinstance(settings_from(junk)[0], Settings)
    everything = {key: object() for key in KEYS}
    assert settings_from(everything)[0] == Settings() and len(settings_from(everything)[1]) == len(KEYS)


HOSTILE = [
    "`", "``", "a`b", "` `", "|", "a|b", "\\|", "[x](command:evil)", "![](http://x)", "<img src=x>", "\n\n# big",
    "$(zap)", "\u202eevil", " ", "", "``` ```", "\x1b[31m", "*b*",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("in_table", [False, True])
def test_a_code_span_holds_any_text_as_text(text, in_table):
    """Read back by a Markdown parser of others: one code span, no link, image, HTML or second cell."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    span = code_span(text, in_table)
    source = table(["", "a"], "ll", [["x", span]]) if in_table else f"before {span} after"
    tokens = [child for token in parser.parse(source) for child in (token.children or [token])]
    spans = [token.content for token in tokens if token.type == "code_inline"]
    shown = "".join(char if char.isprintable() else " " for char in text)
    # A backslash before a pipe is doubled in tables: no writing of it is read alike everywhere.
    assert [span.strip() for span in spans] == [shown.strip().replace("\\|", "\\\\|" if in_table else "\\|")]
    assert not {token.type for token in tokens} & {"link_open", "image", "html_inline", "html_block", "heading_open"}
    assert sum(token.type == "td_open" for token in tokens) == (2 if in_table else 0)


def test_probabilities_are_shown_honestly():
    assert [percent(math.log(p)) for p in (1.0, 0.5, 0.0996, 0.0123, 0.00004, 3e-9)] == [
        "100 %", "50.0 %", "10.0 %", "1.2 %", "0.0040 %", "3e-07 %",
    ]  # fmt: skip
    assert percent(math.nan) == "undefined" and bar(math.nan) == ""
    assert (bar(0.0), bar(math.log(0.5)), bar(-50.0)) == ("█" * 16, "█" * 8, "▏")


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(-5, 5), max_size=4), max_size=3), st.text())
def test_frames_come_back_whole(arrays, text):
    frame = Frame({"text": text}, {name: np.array(values, np.int32) for name, values in arrays.items()})
    stream = io.BytesIO(pack(frame) * 2)
    for _ in range(2):
        found = read_frame(stream)
        assert found.header == {"text": text}
        assert {name: array.tolist() for name, array in found.arrays.items()} == arrays
    assert read_frame(stream) is None


@given(st.integers(0, 200))
def test_a_torn_frame_is_the_end(n_bytes):
    data = pack(Frame({"a": 1}, {"b": np.arange(7, dtype=np.int64)}))
    assert (read_frame(io.BytesIO(data[:n_bytes])) is None) == (n_bytes < len(data))


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (b"content-length:2\n\n{}", b"{}"),
        (b"Content-Type: x; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (b"", None),
        (b"Content-Length: 5\r\n\r\n{}", None),
    ],
)
def test_messages_are_read_from_all_sorts_of_clients(data, body):
    assert read_message(io.BytesIO(data)) == body


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n{}",
        b"Content-Length: -2\r\n\r\n{}",
        b"Content-Length: 2e3\r\n\r\n{}",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"Content-Length: 1000000000000000\r\n\r\n",
        b'{"jsonrpc": "2.0"}\n',
        b"x" * 9000,
        b"a: b\r\n" * 2000,
    ],
)
def test_what_is_no_message_is_refused_at_once(data):
    with pytest.raises(FramingBroken):
        read_message(io.BytesIO(data))


async def test_turns_let_one_run_and_the_newest_wait():
    turns, order = Turns(), []

    async def work(name: str, release: asyncio.Event) -> None:
        async with turns.turn("a", "hover"):
            order.append(name)
            await release.wait()

    gate = asyncio.Event()
    tasks = [asyncio.create_task(work(name, gate)) for name in ("first", "second", "third")]
    with pytest.raises(JsonRpcContentModified):
        await tasks[1]
    async with turns.turn("a", "completion"), turns.turn("b", "hover"):
        pass  # other kinds and documents do not wait
    gate.set()
    await asyncio.gather(tasks[0], tasks[2])
    assert order == ["first", "third"]


async def test_a_waiter_that_is_cancelled_leaves_the_turn_free():
    turns, gate = Turns(), asyncio.Event()

    async def hold() -> None:
        async with turns.turn("a", "hover"):
            await gate.wait()

    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gate.set()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with asyncio.timeout(5), turns.turn("a", "hover"):
        pass
