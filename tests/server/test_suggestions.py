"""What ghost text remembers: a trie against the slow way to say the same, and the pace at which the model is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinylm_server.inline_completion import _covers, _fitting
from tinylm_server.pace import Pace
from tinylm_server.suggestions import STRETCH, Place, Suggestion, Suggestions

N_SEEN = 40


def place(text):
    return Place(text[-(N_SEEN + 2 * STRETCH) :], len(text), N_SEEN)


def suggestion(*texts):
    return Suggestion(tuple((text, -float(idx + 1)) for idx, text in enumerate(texts)))


def texts(found):
    return None if found is None else [each.text for each in found]


@given(
    before=st.text(alphabet="ab \n", max_size=600),
    tokens=st.lists(st.text(alphabet="ab ", min_size=1, max_size=4), min_size=1, max_size=6),
    n_typed=st.integers(0, 24),
)
def test_typing_along_leaves_what_is_not_typed(before, tokens, n_typed):
    """At every point along a suggestion its rest is known, by tokens; at its end and beside it nothing is."""
    known = Suggestions(10_000)
    whole = suggestion(*tokens)
    known.add(place(before), [whole], 1)
    typed = whole.text[:n_typed]
    found = known.find(place(before + typed))
    if typed == whole.text:
        assert found is None
    else:
        assert texts(found) == [whole.text[n_typed:]]
        n_begun = len([text for idx, text in enumerate(tokens) if len("".join(tokens[: idx + 1])) > n_typed])
        assert len(found[0].tokens) == n_begun
        assert found[0].logprob == sum(-float(idx + 1) for idx in range(len(tokens) - n_begun, len(tokens)))
    assert known.find(place(before + typed + "X")) is None
    assert known.find(place("X" + before + typed)) is None or len(before) > N_SEEN


def test_what_somebody_typed_is_no_suggestion():
    """The way to a place where the model was asked leads through places where it was not."""
    known = Suggestions(1000)
    known.add(place("abc"), [suggestion("def")], 1)
    assert known.find(place("ab")) is None
    known.add(place("ab"), [suggestion("xy")], 1)
    assert texts(known.find(place("ab"))) == ["xy"]
    assert texts(known.find(place("abc"))) == ["def"]


def test_nothing_found_is_known_too():
    known = Suggestions(1000)
    known.add(place("abc"), [], 1)
    assert known.find(place("abc")) == []
    assert known.find(place("abc"), 3) is None


def test_several_are_known_only_where_several_were_asked_for():
    known = Suggestions(1000)
    known.add(place("abc"), [suggestion("de", "f")], 1)
    assert known.find(place("abc"), 3) is None
    known.add(place("abc"), [suggestion("de", "f"), suggestion("xyz"), suggestion("u")], 3)
    assert texts(known.find(place("abc"), 3)) == ["def", "xyz", "u"]
    assert texts(known.find(place("abcx"))) == ["yz"]
    assert texts(known.find(place("abc"))) == ["def"]


def test_line_ends_of_any_kind_are_the_same_to_what_is_typed_along():
    known = Suggestions(1000)
    known.add(place("one\r\n"), [suggestion("two\nthree")], 1)
    assert texts(known.find(place("one\r\ntwo\r\nth"))) == ["ree"]


def test_memory_is_bounded_and_the_places_used_last_stay():
    known = Suggestions(2000)
    for idx in range(100):
        known.add(place(f"{idx:03}" + "z" * 30), [suggestion("w" * 20)], 1)
        assert known.n_chars <= 2000
    assert texts(known.find(place("099" + "z" * 30))) == ["w" * 20]
    assert known.find(place("000" + "z" * 30)) is None
    known.clear()
    assert known.n_chars == 0 and known.find(place("099" + "z" * 30)) is None
    none = Suggestions(0)
    none.add(place("abc"), [suggestion("def")], 1)
    assert none.find(place("abc")) is None


def test_a_fast_model_is_asked_at_once_and_a_slow_one_when_typing_rests():
    """Keys come every 150 ms; the model takes 20 ms, then 600, then 20 again."""
    pace = Pace()
    assert pace.delay_ms(300) == 0.0  # nobody knows yet
    now, delays = 0.0, []
    for latency in [20.0] * 10 + [600.0] * 10 + [20.0] * 10:
        now += 150.0
        pace.asked(now)
        delays.append(pace.delay_ms(300))
        pace.took(latency)
    assert delays[9] == 0.0 and delays[29] == 0.0
    assert 200.0 < delays[19] <= 300.0
    pace.asked(now + 60_000)  # a pause is no slow typing
    assert pace.pause_ms < 600.0
    assert Pace().delay_ms(0) == 0.0


@pytest.mark.parametrize(
    ("text", "rest", "shown"),
    [
        (" happy.", "", " happy."),
        (" happy.", ".", " happy"),
        (' happy."', '."', " happy"),
        (' happy."', '"', " happy."),
        (" a\nb", "", " a\nb"),
        (" a\nb", "!", " a"),
        (")", ")", ""),
        (" a", "  ", " a"),
    ],
)
def test_what_stands_after_the_cursor_is_not_written_twice(text, rest, shown):
    assert _fitting(text, rest) == shown


def test_languages_can_be_all_and_all_but_some():
    assert _covers(("plaintext",), "plaintext") and not _covers(("plaintext",), "python")
    assert _covers(("*",), "python") and not _covers(("*", "!python"), "python")
    assert not _covers(("python", "!python"), "python") and not _covers((), "plaintext")
