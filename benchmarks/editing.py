"""A keystroke to the tokens of the viewport, in documents of every size, through the real server on stdio.

`python benchmarks/editing.py [--rounds N]` prints one Markdown table: for files of 10 kB to 10 MB and one line of 1 MB,
the time from writing `didChange` and `tinylm/tokens` (60 lines, no scores) to the parsed answer; beside it, in the
same run, `Tokenizer.encode` of the whole document and the same edits in the framework's own document (pygls). Then how
often the server's event loop was away for more than 50 ms while a document was opened, edited and scrolled.
"""

import argparse
import os
import platform
import time
from typing import Any

from lsp_process import Server, milliseconds
from lsprotocol import types as lsp
from pygls.workspace import TextDocument

from tinylm.model.language_model import starter_model_directory
from tinylm.tokens.tokenizer import Tokenizer

URI = "untitled:benchmark"
LINES = 60
LINE = "Once upon a time there was a small fox, and it lived near the river.\n"
SIZES = {"10 kB": 10_000, "100 kB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000, "1 MB, one line": 1_000_000}


def document(name: str) -> str:
    line = LINE.replace("\n", " ") if "one line" in name else LINE
    return (line * (SIZES[name] // len(line) + 1))[: SIZES[name]]


def edit_at(text: str, number: int) -> lsp.Range:
    """Return the empty range where edit `number` types a letter: in the middle of the document."""
    n_lines = text.count("\n")
    line, character = (n_lines // 2, 10 + number % 20) if n_lines else (0, len(text) // 2 + number % 20)
    return lsp.Range(lsp.Position(line, character), lsp.Position(line, character))


def viewport(at: lsp.Position) -> Any:
    """Return 60 lines around a position; of one long line, as many characters as 60 lines have."""
    if at.line:
        first, last = max(at.line - LINES // 2, 0), at.line + LINES // 2
        return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
    n_chars = LINES * len(LINE) // 2
    return {
        "start": {"line": 0, "character": max(at.character - n_chars, 0)},
        "end": {"line": 0, "character": at.character + n_chars},
    }


def tokens(server: Server, version: int, where: Any) -> Any:
    params = {"textDocument": {"uri": URI}, "version": version, "ranges": [where], "scores": False}
    return server.request("tinylm/tokens", params)


def keystrokes(server: Server, text: str, rounds: int) -> list[float]:
    """Return the seconds of each keystroke; the first ones, which read what surrounds the place, do not count."""
    server.open(URI, text)
    times = []
    for version in range(1, rounds + 11):
        at = edit_at(text, version)
        began = time.perf_counter()
        change = {"range": as_json(at), "text": "e"}
        identifier = {"uri": URI, "version": version}
        server.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        reply = tokens(server, version, viewport(at.start))
        times.append(time.perf_counter() - began)
        assert reply["version"] == version and reply["ids"]
    server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    return times[10:]


def as_json(where: lsp.Range) -> Any:
    start = {"line": where.start.line, "character": where.start.character}
    return {"start": start, "end": start}


def framework(text: str, rounds: int) -> list[float]:
    """Return the seconds that pygls' own document takes for each of the same edits; no tokens."""
    mine = TextDocument(URI, text, 0)
    times = []
    for version in range(1, rounds + 1):
        change = lsp.TextDocumentContentChangePartial(range=edit_at(text, version), text="e")
        began = time.perf_counter()
        mine.apply_change(change)
        times.append(time.perf_counter() - began)
    return times


def whole(tokenizer: Tokenizer, text: str, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        tokenizer.encode(text)
        times.append(time.perf_counter() - began)
    return times


def stalls() -> str:
    """Open, edit and scroll 10 MB in a server that has started, and ask it how often its loop was away too long."""
    server = Server()
    server.wait_for("tinylm/status", lambda status: status["state"] == "ready")
    at_start = server.command("tinylm.server.doctor")["report"]["server"]
    text = document("10 MB")
    keystrokes(server, text, 50)
    server.open(URI, text)
    n_lines = text.count("\n")
    for line in range(0, n_lines, n_lines // 100):
        tokens(server, 0, viewport(lsp.Position(line + 1, 0)))
    found = server.command("tinylm.server.doctor")["report"]["server"]
    server.close()
    return (
        f"{found['loopStalls'] - at_start['loopStalls']} stalls over 50 ms, and {at_start['loopStalls']} at the start "
        f"before; the longest of all {found['longestStallMs']} ms (the start's {at_start['longestStallMs']} ms), "
        f"{found['longestWorkMs']} ms of the loop's own work"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    tokenizer = Tokenizer.load(starter_model_directory())
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {rounds} keystrokes each")
    print("\n| document | keystroke to tokens, p50 | p95 | p95, 10 kB = 1 | encode all, p50 | pygls edit alone, p95 |")
    print("|---|---:|---:|---:|---:|---:|")
    server, first = Server(), 0.0
    for name in SIZES:
        text = document(name)
        p50, p95 = milliseconds(keystrokes(server, text, rounds))
        first = first or p95
        few = max(3, min(rounds, 200_000 // SIZES[name]))
        encoded, _ = milliseconds(whole(tokenizer, text, few))
        _, theirs = milliseconds(framework(text, few))
        print(f"| {name} | {p50:.1f} ms | {p95:.1f} ms | {p95 / first:.2f} | {encoded:.1f} ms | {theirs:.1f} ms |")
    server.close()
    print(f"\nThe event loop while 10 MB were opened, edited and scrolled: {stalls()}.")


if __name__ == "__main__":
    main()
