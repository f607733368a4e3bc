"""The run's diary, `events.jsonl`: read, and cut back when the run goes back to a checkpoint.

Written with `tinylm.events`; what each event holds is in docs/events.md. On resuming, a torn last line is cut and what
lies after the checkpoint is dropped, so that a step stands there once. A damaged line costs only itself.
"""

import json
import logging
from pathlib import Path

from tinylm.events import Event, EventLog, OnEvent
from tinylm.files import write_file

__all__ = ["Event", "EventLog", "OnEvent", "parsed_lines", "read_events", "rewind_events"]


def read_events(path: Path) -> list[Event]:
    """Return the events of a file; [] when there is no file. A torn last line is none yet; damaged ones are logged."""
    if not path.exists():
        return []
    data = path.read_bytes()
    events, n_unreadable = parsed_lines(data[: data.rfind(b"\n") + 1])
    if n_unreadable:
        logging.getLogger("tinylm").warning("%s: lines that cannot be read are left out: %d", path, n_unreadable)
    return events


def parsed_lines(lines: bytes) -> tuple[list[Event], int]:
    """Return the events in whole lines, and how many lines are damaged: no JSON object, and not empty."""
    events: list[Event] = []
    n_unreadable = 0
    for line in filter(None, lines.split(b"\n")):
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict):
            events.append(event)
        else:
            n_unreadable += 1
    return events, n_unreadable


def rewind_events(path: Path, step: int) -> list[Event]:
    """Cut a torn tail, drop the events of steps after `step`, which are about to happen again, return the others."""
    kept = [event for event in read_events(path) if not _is_later(event, step)]
    write_file(path, "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in kept).encode())
    return kept


def _is_later(event: Event, step: int) -> bool:
    number = event.get("step")
    return event.get("type") != "start" and isinstance(number, int) and number > step
