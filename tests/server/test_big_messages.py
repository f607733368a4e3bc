"""Large messages: decoded as json.loads would, and with little work on the event loop, counted in calls."""

import json
import sys
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from test_text_store import ALPHABET, HALVES
from tinylm_server import big_messages
from tinylm_server.big_messages import loads_in_slices
from tinylm_server.loop_watch import STALL_S, LoopWatch
from tinylm_server.server import Server
from tinylm_server.text_store import Text
from tinylm_server.tokens import collect_cells

from tinylm.tokens.tokenizer import Tokenizer


def as_sent(pieces):
    """Join the pieces, and halves of a pair that meet to one character: no client sends them apart in UTF-8."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


texts = st.lists(st.sampled_from([*ALPHABET, *HALVES, '"', "\\", "/", '"text":"', "\x1f"]), max_size=60).map(as_sent)


@given(strings=st.lists(texts, max_size=3), ascii_only=st.booleans(), n_bytes=st.integers(1, 40))
def test_slices_give_what_json_gives(strings, ascii_only, n_bytes):
    """Escapes, quotes and characters cut anywhere, several texts in a message, a key inside a string."""
    value = {"params": {"contentChanges": [{"text": each, "n": 1} for each in strings], "x": '{"text":"'}}
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(big_messages, "SLICE_BYTES", n_bytes)
        assert loads_in_slices(body) == json.loads(body)


@given(text=texts, n_lost=st.integers(1, 90), n_bytes=st.integers(1, 40))
def test_slices_refuse_what_json_refuses(text, n_lost, n_bytes):
    body = json.dumps({"text": text}).encode()[:-n_lost]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(big_messages, "SLICE_BYTES", n_bytes)
        with pytest.raises(ValueError):
            loads_in_slices(body)


LINE = 'Once upon a "time" there was a small fox, 字😀 and so on.\n'
VIEWPORT = lsp.Range(lsp.Position(1000, 0), lsp.Position(1060, 0))


class Calls:
    """Counts the calls, of Python and of C functions, that this thread makes; a helper thread's do not count."""

    def __enter__(self):
        self.n = 0
        sys.setprofile(self._count)
        return self

    def __exit__(self, *exception):
        sys.setprofile(None)

    def _count(self, frame, event, argument):
        self.n += event in ("call", "c_call")


async def calls_on_the_loop(tokenizer, text):
    """Return the loop's calls for a file opened, edited and looked at, and how many pieces it cut the text into."""
    server = Server(LoopWatch())
    server.protocol.set_writer(SimpleNamespace(write=lambda data: None, close=lambda: None))
    server.protocol.initialized = True
    item = {"uri": "a:b", "languageId": "plaintext", "version": 0, "text": text}
    message = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}}
    body = json.dumps(message).encode()
    edit = {"range": {"start": {"line": 1001, "character": 3}, "end": {"line": 1001, "character": 4}}, "text": "é"}
    change = {"textDocument": {"uri": "a:b", "version": 1}, "contentChanges": [edit]}
    change_body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change}).encode()
    with Calls() as calls:
        await server.protocol.receive_big(body)
        server.protocol.receive(change_body)
        document = server.documents.get("a:b")
        runs, _ = collect_cells(document, tokenizer, [VIEWPORT], 5000)
    assert runs and document.version == 1 and document.text.n_lines == text.count("\n") + 1
    return calls.n


async def test_the_loop_does_as_much_for_a_large_file_as_for_a_small_one(tokenizer_directory, monkeypatch):
    """Opening, editing and looking at 6 MB costs the loop at most one and a half times the calls of 0.6 MB."""
    tokenizer = Tokenizer.load(tokenizer_directory)
    await calls_on_the_loop(tokenizer, LINE * 2000)  # imports, compiled converters
    small = await calls_on_the_loop(tokenizer, LINE * 10_000)
    built: list[str] = []
    text_of = Text.of
    monkeypatch.setattr(Text, "of", lambda text: built.append(threading.current_thread().name) or text_of(text))
    large = await calls_on_the_loop(tokenizer, LINE * 100_000)
    assert large <= 1.5 * small
    assert len(built) == 1 and built[0] != threading.current_thread().name


def test_stalls_are_counted_and_logged_once_in_a_while(caplog):
    """Within ten seconds one line tells of all stalls; shorter rounds, and those before, are none."""
    watch = LoopWatch()
    watch.note(1.0, 1.0, 99.0)
    watch.is_on = True
    for now_s, elapsed_s in ((100.0, STALL_S / 2), (101.0, 0.2), (102.0, 0.3), (112.0, 0.1)):
        watch.note(elapsed_s, elapsed_s / 2, now_s)
    assert (watch.n_stalls, watch.longest_s, watch.longest_work_s) == (3, 0.3, 0.15)
    assert [record.getMessage() for record in caplog.records] == [
        "the event loop stalled for 200 ms (100 ms of work); stall 1 since the start",
        "the event loop stalled for 100 ms (50 ms of work); stall 3 since the start",
    ]
