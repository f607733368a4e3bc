"""Reading a run's diary while it is written: torn lines, damaged ones, rewinding, and what the events amount to."""

import json
import os
import time

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm.training import events as diary
from tinylm.training.follow import START, cursor_from_text, read_page
from tinylm.training.history import History, holder_of


def step(number, loss=1.0):
    return {"type": "step", "step": number, "totalSteps": 9, "loss": loss, "time": 100.0 + number}


def lines(*found):
    return b"".join(json.dumps(event).encode() + b"\n" for event in found)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 900), max_size=12), page=st.integers(1, 400), seed=st.integers(0, 9))
def test_every_event_is_read_once_however_the_file_grows_and_is_paged(tmp_path_factory, cuts, page, seed):
    """The writer is seen in the middle of lines and of characters; the cursor passes through text each time."""
    path = tmp_path_factory.mktemp("diary") / "events.jsonl"
    written = [*(step(n, n / 7) for n in range(12)), {"type": "evaluation", "sample": "größer 😀" * seed}]
    data = json.dumps(written[-1], ensure_ascii=False).encode()
    data = lines(*written[:-1]) + data + b"\n"
    found, cursor = [], START
    for end in [*sorted(cuts), len(data)]:
        path.write_bytes(data[:end])
        is_last = False
        while not is_last:
            got = read_page(path, cursor, page)
            cursor = cursor_from_text(str(got.cursor))
            assert not got.starts_over
            found += got.events
            is_last = got.is_last or not got.events
    assert found == written


def test_a_rewound_diary_is_read_anew_and_an_unchanged_one_is_not(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(*(step(n) for n in range(1, 7))) + b'{"torn')
    cursor = read_page(path).cursor
    diary.rewind_events(path, 4)
    page = read_page(path, cursor)
    assert page.starts_over and [event["step"] for event in page.events] == [1, 2, 3, 4]
    kept = page.cursor
    with path.open("ab") as file:  # grown past the old place, with other times
        file.write(lines(*({**step(n), "time": 200.0 + n} for n in range(5, 9))))
    assert read_page(path, cursor).starts_over
    page = read_page(path, kept)
    assert not page.starts_over and [event["step"] for event in page.events] == [5, 6, 7, 8]
    path.unlink()
    assert read_page(path, kept).starts_over and read_page(path).events == []


def test_damaged_lines_are_passed_over_and_counted(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(step(1)) + b'[1]\nnot json\n\xff\xfe\n"text"\n\n' + lines(step(2)))
    page = read_page(path)
    assert [event["step"] for event in page.events] == [1, 2] and page.n_unreadable == 4


def test_rewinding_a_damaged_diary_keeps_what_stands_behind_the_damage(tmp_path, caplog):
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(step(1)) + b'{"type": "st\xffp"\n' + lines(step(2), step(3)) + b'{"torn')
    assert [event["step"] for event in diary.rewind_events(path, 2)] == [1, 2]
    assert path.read_bytes() == lines(step(1), step(2))
    assert [record.getMessage() for record in caplog.records] == [f"{path}: lines that cannot be read are left out: 1"]


@pytest.mark.parametrize("text", ["", "5", "-5-00", "5-xyz", "x-00", "5-", "٣-00"])
def test_text_that_is_no_cursor_is_none(text):
    assert cursor_from_text(text) is None


def test_a_history_forgets_the_steps_that_happen_again():
    history = History()
    for event in [{"type": "start", "step": 0, "totalSteps": 9}, *(step(n, 10 - n) for n in range(1, 7))]:
        history.take(event)
    history.take({"type": "evaluation", "step": 6, "validationLoss": 3.5, "sample": "a"})
    history.take({"type": "end", "reason": "interrupted"})
    assert (history.total_steps, history.last("loss"), history.end["reason"]) == (9, 4, "interrupted")
    history.take({"type": "start", "step": 4, "totalSteps": 9})
    assert history.steps == [1, 2, 3, 4] and history.evaluations == [] and history.end is None
    history.take(step(3, 7.5))
    assert history.steps == [1, 2, 3] and history.curves["loss"] == [9, 8, 7.5]
    assert all(len(values) == 3 for values in history.curves.values())


def test_time_is_left_only_while_the_run_goes_on_from_its_newest_step():
    history = History()
    history.take({"type": "start", "step": 0, "totalSteps": 9})
    assert history.seconds_left is None
    history.take({**step(1), "secondsLeft": 80.0})
    assert history.seconds_left == 80.0
    history.is_abandoned = True
    assert history.seconds_left is None
    history.take({"type": "start", "step": 1, "totalSteps": 9})  # resumed: no step has been made since
    assert history.seconds_left is None and not history.is_abandoned
    history.take({**step(2), "secondsLeft": 70.0})
    assert history.seconds_left == 70.0
    history.take({"type": "end", "reason": "interrupted"})
    assert history.seconds_left is None


def test_values_that_are_missing_or_no_numbers_are_gaps():
    history = History()
    for event in (
        {"type": "step", "step": 1, "loss": "x"},
        {"type": "step"},
        {"type": "later"},
        {"type": "step", "step": 2, "loss": float("nan")},
    ):
        history.take(event)
    assert history.steps == [1, 2] and history.last("loss") is None


def test_the_holder_is_a_living_process(tmp_path):
    assert holder_of(tmp_path) is None
    holder = tmp_path / "holder.json"
    now, own = time.time(), os.getpid()
    for content, expected in (
        ("{", None),
        (json.dumps({"pid": 4194999, "started": now}), None),
        (json.dumps({"pid": own, "started": now}), own),
        (json.dumps({"pid": own, "started": psutil.Process().create_time() - 60}), None),  # the number was given anew
    ):
        holder.write_text(content)
        assert holder_of(tmp_path) == expected
