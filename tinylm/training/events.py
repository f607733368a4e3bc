"""The run's diary, `events.jsonl`: one JSON object a line, only ever appended to; every display is a reader of it.

    {"v":1,"type":"start","time":..,"kind":"model","run":..,"pid":..,"step":0,"totalSteps":..,"config":{..}}
    {"v":1,"type":"progress","phase":"encoding","fraction":0.4,"message":"tales.txt, 2.1 MB/s"}
    {"v":1,"type":"progress","phase":"ready","fraction":null,"message":"4.3 M parameters; ..","nParameters":..,
     "tokensPerStep":..,"corpusTokens":..,"corpusDocuments":..,"heldOutTokens":..}
    {"v":1,"type":"step","step":1,"totalSteps":..,"loss":..,"learningRate":..,"gradNorm":..,"tokensPerSecond":..,
     "secondsLeft":..}
    {"v":1,"type":"evaluation","step":..,"validationLoss":..,"bitsPerByte":..,"sample":".."}
    {"v":1,"type":"checkpoint","step":..,"path":".."}
    {"v":1,"type":"end","reason":"finished|interrupted|failed","message":"..","model":".."}

Losses are nats per token; a step's number counts the steps done. On resuming, a torn last line is cut and what lies
after the checkpoint is dropped, so that a step stands there once.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinylm.files import disk_errors, flush_to_disk, write_file

__all__ = ["Event", "EventLog", "OnEvent", "read_events", "rewind_events"]

VERSION = 1
Event = dict[str, Any]
OnEvent = Callable[[Event], None]


class EventLog:
    """Appends events to a file and hands each to a listener. Use it in a `with` block."""

    def __init__(self, path: Path, on_event: OnEvent) -> None:
        with disk_errors(path, "opening the event log"):
            self._file = path.open("a", encoding="utf-8")
        self._path, self._on_event = path, on_event

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, event_type: str, /, **fields: object) -> None:
        """Append one event and tell the listener."""
        event: Event = {"v": VERSION, "type": event_type, "time": round(time.time(), 3), **fields}
        with disk_errors(self._path, "writing the event log"):
            self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._file.flush()
        self._on_event(event)

    def flush_to_disk(self) -> None:
        """Put what was written on the disk; a checkpoint's events then survive a power cut with it."""
        with disk_errors(self._path, "writing the event log"):
            self._file.flush()
            flush_to_disk(self._path)


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
