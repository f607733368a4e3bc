"""The run's diary, `events.jsonl`: read, and cut back when the run goes back to a checkpoint.

Written with `tinylm.events`; what each event holds is in docs/events.md. On resuming, a torn last line is cut and what
lies after the checkpoint is dropped, so that a step stands there once.
"""

import json
from pathlib import Path

from tinylm.events import Event, EventLog, OnEvent
from tinylm.files import write_file

__all__ = ["Event", "EventLog", "OnEvent", "read_events", "rewind_events"]


def read_events(path: Path) -> list[Event]:
    """Return the events of a file, up to the first line that is torn or no event; [] when there is no file."""
    events: list[Event] = []
    if not path.exists():
        return events
    for line in path.read_bytes().split(b"\n")[:-1]:  # what follows the last line feed is torn or empty
        try:
            event = json.loads(line)
        except ValueError:
            break
        if not isinstance(event, dict):
            break
        events.append(event)
    return events


def rewind_events(path: Path, step: int) -> list[Event]:
    """Cut a torn tail, drop the events of steps after `step`, which are about to happen again, return the others."""
    kept = [event for event in read_events(path) if not _is_later(event, step)]
    write_file(path, "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in kept).encode())
    return kept


def _is_later(event: Event, step: int) -> bool:
    number = event.get("step")
    return event.get("type") != "start" and isinstance(number, int) and number > step
