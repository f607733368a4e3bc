"""`tinylm/trainingEvents`: what a training run has written about itself, from a place on, thinned for a display.

The run's diary is the truth: nothing is remembered here between requests, so tabs, windows and servers may come and go.
A long diary is read in pages, and others are answered between two of them.
"""

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinylm.training.events import Event
from tinylm.training.follow import START, cursor_from_text, last_event, read_page
from tinylm.training.history import holder_of
from tinylm.training.snapshots import saved_steps
from tinylm.training.thinning import Thinner
from tinylm_server import params as check

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["training_events"]

DEFAULT_POINTS = 1000


async def training_events(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer with the steps, evaluations and state of a run since a cursor, or since its beginning."""
    fields = check.mapping(params)
    run = Path(check.absolute_path(fields, "run"))
    text = None if fields.get("cursor") is None else check.text(fields, "cursor")
    cursor = None if text is None else cursor_from_text(text)
    thinner = Thinner(check.integer(fields, "maxPoints", DEFAULT_POINTS, low=10, high=10_000))
    diary, job = run / "events.jsonl", ls.jobs.newest_for(str(run))
    if job is None and not diary.is_file():
        raise check.refusal(f"{run} holds no run; choose the folder of one")
    facts, n_unreadable = _Facts(), 0
    starts_over, is_last = cursor is None, False
    cursor = cursor or START
    while not is_last:
        page = read_page(diary, cursor)
        starts_over |= page.starts_over
        if page.starts_over:
            facts, thinner, n_unreadable = _Facts(), Thinner(thinner.most), 0
        n_unreadable += page.n_unreadable
        for event in page.events:
            facts.take(event)
            if event.get("type") == "step" and isinstance(event.get("step"), int):
                thinner.add(event)
        cursor, is_last = page.cursor, page.is_last
        await asyncio.sleep(0)
    # A tokenizer has no diary in its run: its job says how it stands, also after its end.
    speaks = job is not None and (job.progress.is_active or job.record.kind == "tokenizer")
    state, message = _state(run, diary, job.progress.to_json() if job is not None and speaks else None)
    return {
        "schema": 1,
        "run": str(run),
        "cursor": str(cursor),
        "startsOver": starts_over,
        "state": state,
        "message": message,
        "jobId": None if job is None or not job.progress.is_active else job.record.job_id,
        "model": str(run / "model") if (run / "model" / "config.json").is_file() else None,
        **facts.to_json(),
        "steps": _columns(thinner),
        "evaluations": facts.evaluations,
        "savedSteps": [saved.step for saved in saved_steps(run)],
        "nUnreadable": n_unreadable,
    }


class _Facts:
    """What the events say beside the curves. Null where this part of the diary does not say it."""

    def __init__(self) -> None:
        self.total_steps: int | None = None
        self.n_parameters: int | None = None
        self.seconds_left: float | None = None
        self.evaluations: list[dict[str, Any]] = []

    def take(self, event: Event) -> None:
        kind = event.get("type")
        if kind == "start":
            self.total_steps = event.get("totalSteps")
        elif kind == "progress" and event.get("phase") == "ready":
            self.n_parameters = event.get("nParameters")
        elif kind == "step":
            self.seconds_left = _number(event.get("secondsLeft"))
        elif kind == "evaluation":
            self.evaluations.append(
                {
                    "step": event.get("step"),
                    "validationLoss": _number(event.get("validationLoss")),
                    "bitsPerByte": _number(event.get("bitsPerByte")),
                    "sample": str(event.get("sample", "")),
                }
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "totalSteps": self.total_steps,
            "nParameters": self.n_parameters,
            "secondsLeft": self.seconds_left,
        }


def _state(run: Path, diary: Path, job: dict[str, Any] | None) -> tuple[str, str]:
    """Return the run's state, in the words of `tinylm/trainingProgress`, and a line about it."""
    if job is not None:
        return job["state"], job["message"]
    last = last_event(diary) or {}
    if last.get("type") == "end":
        return str(last.get("reason")), str(last.get("message", ""))
    if (pid := holder_of(run)) is not None:
        what = f"{last['phase']}: {last.get('message', '')}" if last.get("type") == "progress" else "training"
        return "running", f"{what} (process {pid}, not started here)"
    return "interrupted", "nobody trains here; resume goes on at the last checkpoint"


def _columns(thinner: Thinner) -> dict[str, Any]:
    points = thinner.points
    return {
        "step": [point.step for point in points],
        "loss": [point.loss for point in points],
        "learningRate": [point.learning_rate for point in points],
        "gradNorm": [point.grad_norm for point in points],
        "tokensPerSecond": [point.tokens_per_second for point in points],
        "time": [point.time for point in points],
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
