"""Stop strings against the plain definition: the text ends where, byte by byte, the first one is complete."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm.errors import UsageError
from tinylm.model.stop_strings import StopStrings

ALPHABET = st.text("ab\n😀", max_size=30)


def slowly(text, stops):
    """Return the text up to its first stop string, the slow way, and that stop string."""
    for end in range(len(text) + 1):
        complete = [stop for stop in stops if text[:end].endswith(stop)]
        if complete:
            stop = max(complete, key=len)
            return text[: end - len(stop)], stop
    return text, None


@given(text=ALPHABET, stops=st.lists(st.text("ab\n😀", min_size=1, max_size=4), max_size=4), data=st.data())
def test_the_text_ends_at_the_first_stop_string_however_its_bytes_come(text, stops, data):
    raw, at, found = text.encode(), 0, b""
    watched = StopStrings(stops)
    while at < len(raw):
        n = data.draw(st.integers(1, 5))
        ready = watched.feed(raw[at : at + n])
        assert (found + ready) == raw[: len(found + ready)]  # nothing that was shown is ever taken back
        found, at = found + ready, at + n
    found += watched.finish()
    expected, stop = slowly(text, stops)
    assert (found.decode(), watched.found) == (expected, stop)
    assert watched.feed(b"a") == b"" or stop is None


def test_what_may_begin_a_stop_string_is_held_back():
    stops = StopStrings(["\n\n"])
    assert stops.feed(b"The end.\n") == b"The end."
    assert stops.feed(b"Or") == b"\nOr"
    assert stops.feed(b" not\n\nOnce") == b" not"
    assert stops.found == "\n\n"
    assert stops.feed(b"more") == stops.finish() == b""


@pytest.mark.parametrize("bad", [[""], ["a"] * 17])
def test_impossible_stop_strings_are_refused(bad):
    with pytest.raises(UsageError, match="stop string"):
        StopStrings(bad)
