"""Ghost text while somebody types, through the real server on stdio: from the key to the suggestion, and what it cost.

`python benchmarks/keystrokes.py [--chars N] [--speed X] [--text FILE | --trace FILE]` replays a recording
(`keystroke_trace`) key by key at its own times: each key is a `didChange`, a cancel of the request before it, and an
`inlineCompletion`. Beside it the same recording in a server that remembers nothing, whose client never cancels and
which ends nothing by itself. One Markdown table: the time from writing the change to the parsed answer, the model's
steps, those spent in vain, and how many requests needed none. A key whose answer came after the next key counts as not
answered in time.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from keystroke_trace import BACKSPACE, Key, read_trace, story, typed, typing
from lsp_process import OURS, Server

URI = "untitled:benchmark"
IN_TURN = 40  # keys: the two take turns, so that the machine's other work meets both
# The same server, in which a newer request does not end the one that runs.
NEVER_ENDS = (
    "from tinylm_server.turns import Turns; Turns._end = lambda *_: None; "
    "import runpy; runpy.run_module('tinylm_server', run_name='__main__')"
)


@dataclass
class Outcome:
    """What became of a recording. Latencies are seconds; `counts` are those of `tinylm/ghostText`."""

    n_keys: int = 0
    latencies: list[float] = field(default_factory=list)
    n_in_time: int = 0
    n_offered: int = 0
    n_right: int = 0
    worker_s: float = 0.0
    counts: dict[str, Any] = field(default_factory=dict)


class Typist:
    """Types into a server, and notes when each answer came. Answers are read by a thread."""

    def __init__(self, *, caching: bool) -> None:
        self.caching = caching
        self.server = Server(OURS if caching else (sys.executable, "-c", NEVER_ENDS))
        settings = {} if caching else {"inlineCompletion": {"cacheCharacters": 0, "maxDelay": 0}}
        self.server.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": settings}})
        self.server.wait_for("tinylm/status", is_ready)
        (self.worker,) = psutil.Process(self.server.process.pid).children()
        self.server.open(URI, "")
        self.text = ""
        self.asked: list[tuple[int, float, str]] = []  # the request, when its key was typed, the text then
        self.outcome = Outcome()
        self.answers: dict[int, tuple[float, dict[str, Any]]] = {}
        self._arrived = threading.Condition()
        self._last_id: int | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while self._last_id is None or self._last_id not in self.answers:
            message = self.server.read()
            if "method" not in message:
                with self._arrived:
                    self.answers[message["id"]] = (time.perf_counter(), message)
                    self._arrived.notify_all()

    def answer(self, request_id: int) -> dict[str, Any]:
        """Wait for an answer."""
        with self._arrived:
            self._arrived.wait_for(lambda: request_id in self.answers)
        return self.answers[request_id][1]

    def ask(self, method: str, params: Any) -> int:
        """Send a request; return its id."""
        self.server.begin(method, params)
        return self.server.n_requests

    def type(self, keys: Sequence[Key], speed: float) -> None:
        """Type keys at their times, and wait for the answer to the last one."""
        due = time.perf_counter()
        before_s = sum(self.worker.cpu_times()[:2])
        for pause_ms, key in keys:
            due += pause_ms / 1e3 / speed
            time.sleep(max(due - time.perf_counter(), 0.0))
            began = time.perf_counter()
            self._change(key)
            if self.asked and self.caching:
                self.server.notify("$/cancelRequest", {"id": self.asked[-1][0]})
            params = {"textDocument": {"uri": URI}, "position": end_of(self.text), "context": {"triggerKind": 2}}
            self.asked.append((self.ask("textDocument/inlineCompletion", params), began, self.text))
        self.answer(self.asked[-1][0])
        self.outcome.n_keys += len(keys)
        self.outcome.worker_s += sum(self.worker.cpu_times()[:2]) - before_s

    def finish(self) -> Outcome:
        """End the server, and return what became of all that was typed."""
        for request_id, _, _ in self.asked:
            self.answer(request_id)
        where = {"line": 0, "character": 0}
        told = self.answer(self.ask("tinylm/ghostText", {"textDocument": {"uri": URI}, "position": where}))
        self.outcome.counts = told["result"]["counts"]
        self._judge()
        self._close()
        return self.outcome

    def _close(self) -> None:
        self._last_id = self.server.n_requests + 1
        self.answer(self.ask("shutdown", None))
        self.server.notify("exit", None)
        self.server.process.wait(60)

    def _change(self, key: str) -> None:
        end = end_of(self.text)
        start = end_of(self.text[:-1]) if key == BACKSPACE else end
        change = {"range": {"start": start, "end": end}, "text": "" if key == BACKSPACE else key}
        identifier = {"uri": URI, "version": len(self.asked) + 1}
        self.server.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        self.text = typed(self.text, key)

    def _judge(self) -> None:
        outcome = self.outcome
        next_keys = [began for _, began, _ in self.asked[1:]] + [float("inf")]
        for (request_id, began, text), next_key in zip(self.asked, next_keys, strict=True):
            arrived, message = self.answers[request_id]
            if "result" not in message:
                continue
            outcome.latencies.append(arrived - began)
            outcome.n_in_time += arrived < next_key
            items = message["result"]["items"] if message["result"] else []
            if items and self.text.startswith(text):
                outcome.n_offered += 1
                outcome.n_right += self.text.startswith(text + first_word(items[0]["insertText"]))


def is_ready(status: dict[str, Any]) -> bool:
    """Say whether the model is loaded. Raises RuntimeError if it never will be."""
    if status["state"] in ("degraded", "failed"):
        raise RuntimeError(status["message"])
    return bool(status["state"] == "ready")


def first_word(text: str) -> str:
    """Return a text up to the end of its first word."""
    start = len(text) - len(text.lstrip())
    end = next((at for at in range(start, len(text)) if text[at].isspace()), len(text))
    return text[:end]


def end_of(text: str) -> dict[str, int]:
    """Return the position at the end of a text."""
    line = text.count("\n")
    return {"line": line, "character": len(text) - (text.rfind("\n") + 1)}


def row(name: str, found: Outcome) -> str:
    """Return a line of the table."""
    cuts = statistics.quantiles(found.latencies, n=100, method="inclusive")
    times = " | ".join(f"{cuts[at] * 1e3:.1f}" for at in (49, 94, 98))
    counts = found.counts
    known = counts["known"] / max(counts["asked"], 1)
    return (
        f"| {name} | {times} | {found.n_in_time / found.n_keys:.0%} | {known:.0%} | "
        f"{counts['decodeSteps'] / found.n_keys:.1f} | {counts['wastedSteps']} | "
        f"{found.worker_s / found.n_keys * 1e3:.1f} | {found.n_right / max(found.n_offered, 1):.0%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chars", type=int, default=400, help="how much of the story is typed")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as recorded")
    parser.add_argument("--text", type=Path, help="a text to type instead of the story")
    parser.add_argument("--trace", type=Path, help="a recording of your own")
    arguments = parser.parse_args()
    text = story() if arguments.text is None else arguments.text.read_text("utf-8")
    keys = typing(text[: arguments.chars]) if arguments.trace is None else read_trace(arguments.trace)
    minutes = sum(pause for pause, _ in keys) / 60e3
    n_back = sum(key == BACKSPACE for _, key in keys)
    print(
        f"{len(keys)} keys in {minutes:.1f} minutes, {n_back} of them backspaces, {arguments.speed:g} times as fast\n"
    )
    print("| | p50, ms | p95 | p99 | answered before the next key | known already | steps a key | steps in vain "
          "| worker's processor time a key, ms | first word right |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    typists = {"with caches and cancelling": Typist(caching=True), "without": Typist(caching=False)}
    for start in range(0, len(keys), IN_TURN):
        for typist in typists.values():
            typist.type(keys[start : start + IN_TURN], arguments.speed)
    for name, typist in typists.items():
        print(row(name, typist.finish()))


if __name__ == "__main__":
    main()
