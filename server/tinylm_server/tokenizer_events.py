"""`tinylm/tokenizerEvents`: what the training of a tokenizer has written about itself, merge by merge, from a place on.

Like `training_events`, it remembers nothing between two requests. The diary lies in the job's directory, because a
tokenizer that is trained before a model has no run of its own.
"""

import asyncio
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinylm.training.events import Event
from tinylm.training.follow import START, cursor_from_text, read_page
from tinylm_server import params as check

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["tokenizer_events"]

DEFAULT_MERGES = 500


async def tokenizer_events(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer with the merges since a cursor, or the newest of all, and how far the work is."""
    fields = check.mapping(params)
    run = check.absolute_path(fields, "run")
    text = None if fields.get("cursor") is None else check.text(fields, "cursor")
    cursor = None if text is None else cursor_from_text(text)
    most = check.integer(fields, "maxMerges", DEFAULT_MERGES, low=1, high=100_000)
    diary = _diary_of(ls, run)
    if diary is None:
        raise check.refusal(f"{run}: no tokenizer is trained here, or it is too long ago")
    starts_over, is_last = cursor is None, False
    found = _Found(most)
    cursor = cursor or START
    while not is_last:
        page = read_page(diary, cursor)
        if page.starts_over:
            starts_over, found = True, _Found(most)
        for event in page.events:
            found.take(event)
        cursor, is_last = page.cursor, page.is_last
        await asyncio.sleep(0)
    return {"schema": 1, "run": run, "cursor": str(cursor), "startsOver": starts_over, **found.to_json()}


class _Found:
    """What the events say. Null where this part of the diary does not say it."""

    def __init__(self, most: int) -> None:
        self.phase: str | None = None
        self.message: str | None = None
        self.total_merges: int | None = None
        self.merges: deque[dict[str, Any]] = deque(maxlen=most)

    def take(self, event: Event) -> None:
        kind = event.get("type")
        if kind == "start":
            self.total_merges = event.get("totalSteps")
            self.merges.clear()
        elif kind == "progress":
            self.phase, self.message = str(event.get("phase", "")), str(event.get("message", ""))
        elif kind == "merge":
            self.total_merges = event.get("total")
            pairs = event.get("merges", [])
            first = int(event.get("n", 0)) - len(pairs) + 1
            for rank, (left, right, count) in enumerate(pairs, first):
                self.merges.append({"rank": rank, "left": left, "right": right, "count": count})
        elif kind == "end":
            self.phase, self.message = "ended", str(event.get("message", ""))
            self.total_merges = event.get("totalSteps") or self.total_merges

    def to_json(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "message": self.message,
            "totalMerges": self.total_merges,
            "merges": list(self.merges),
        }


def _diary_of(ls: "Server", run: str) -> Path | None:
    """Return the diary of the newest job of a run that trains a tokenizer; None when there is none."""
    for job in reversed(ls.jobs.all()):
        stages = [stage for stage in job.record.stages if stage.kind == "tokenizer"]
        if job.record.run == run and stages:
            return Path(stages[0].events)
    return None
