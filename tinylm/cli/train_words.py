"""The lines that say what a training run does: from events to English, the same in a terminal and in a log."""

import math
import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

__all__ = [
    "duration",
    "end_line",
    "evaluation_line",
    "finished_lines",
    "start_line",
    "step_line",
    "story",
    "took",
    "unreadable_line",
]

Event = dict[str, Any]
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_EXPORT = ("python", "-m", "tinylm.training.average")


def start_line(event: Event, advice: str = "Ctrl-C saves and leaves.") -> str:
    """Say which run begins or goes on, and on what."""
    machine, step = event["config"]["machine"], event["step"]
    total = event["totalSteps"]
    if step == total:
        return f"Training in {event['run']}: all {total:,} steps are done; a new run with --init-from goes further."
    begins = f"goes on after step {step:,} of {total:,}" if step else f"{total:,} steps"
    compiled = ", compiled" if machine["compile"] else ""
    threads = f"{machine['threads']} thread{'s' if machine['threads'] > 1 else ''}"
    device = f"{machine['device']}, {machine['dtype']}, {threads}{compiled}"
    return f"Training in {event['run']}: {begins}, on {device}. {advice}".rstrip()


def step_line(event: Event, *, goes_on: bool = True) -> str:
    """Say how a step went and, where the run goes on from there, how long the rest takes."""
    left = f", {duration(event['secondsLeft'])} left" if goes_on else ""
    speed = f"{event['tokensPerSecond']:,.0f} tokens/s"
    place = f"step {event['step']:,}/{event['totalSteps']:,}"
    return f"{place}: loss {event['loss']:.4f}, {speed}{left}"


def unreadable_line(diary: Path, n_lines: int) -> str:
    """Say that a diary is damaged, which costs a display only what stood in those lines."""
    return f"{diary}: {n_lines} damaged line{'s' if n_lines > 1 else ''} left out; the rest is shown"


def story(sample: str) -> str:
    """Return a sample to show: a young model writes many blank lines in a row, of which one is left."""
    return _BLANK_LINES.sub("\n\n", sample).strip()


def evaluation_line(event: Event) -> str:
    """Say what an evaluation found, with the sample below."""
    return (
        f"step {event['step']:,}: validation loss {event['validationLoss']:.4f} nats per token, "
        f"{event['bitsPerByte']:.4f} bits per byte; it writes:\n{textwrap.indent(story(event['sample']), '    ')}"
    )


def took(start: Event, seconds: float) -> str:
    """Say how long the steps took since the run began or went on; nothing where none was left to do."""
    n_steps = start["totalSteps"] - start["step"]
    which = f", the last {n_steps:,}" if start["step"] else ""
    return f"{which} in {duration(seconds)}" if n_steps else ""


def finished_lines(event: Event, how_long: str = "") -> str:
    """Say where the finished model is.

    Args:
        how_long: what `took` says; nothing when that is not known.
    """
    model, better = event["model"], event.get("betterStep")
    return (
        f"Done: {event['message']}{how_long}. The model is in {model}\n"
        f"{_advice(Path(model).parent, better) if better else ''}"
        f"Watch it write: tinylm demo --model {shlex.quote(model)}"
    )


def _advice(run: Path, better: int) -> str:
    command = shlex.join([*_EXPORT, str(run), str(better), "--out", f"{run}-{better}"])
    return f"It got worse after step {better:,}, as it learned its text by heart; the model of that step: {command}\n"


def end_line(event: Event) -> str:
    """Say how a run ended that somebody else started."""
    if event["reason"] == "finished":
        return finished_lines(event)
    return f"{event['reason']}: {event['message']}"


def duration(seconds: float) -> str:
    """Return such as "45 s", "12 min" or "3 h 20 min"; "?" for what is no number."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
