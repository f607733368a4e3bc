"""What the editor asks of a session beyond the demo: any node, stop strings, bounded memory, a tree as data."""

import pytest

from tests.tinylm.test_demo_session import WORDS, session
from tinylm.errors import BadData
from tinylm.session import tree
from tinylm.session.saved import node_record, replant


def records_of(held):
    return [node_record(held, node) for node in held.tree.nodes]


def test_one_can_go_to_any_token_of_any_branch():
    held, model = session(prompt="a", temperature=0.0)
    held.step()
    held.step()
    held.go(None)
    held.pick(3)
    calls = len(model.calls)
    assert held.text == "ad" and [node.number for node in held.tree.nodes] == [0, 1, 2]
    assert held.go(1) and held.text == "abc"
    assert held.go(0) and held.text == "ab"
    assert not held.go(3) and held.text == "ab"
    assert len(model.calls) == calls


def test_a_stop_string_over_two_tokens_ends_the_text_before_it():
    held, _ = session(prompt="ab", temperature=0.0)
    held.stop = ("de", "cd")  # the first is never written: after d comes the end
    held.step()
    assert held.text == "abc" and held.end_reason is None
    held.step()
    assert (held.text, held.continuation, held.end_reason) == ("ab", b"", "stopString")
    assert "'cd'" in held.ended and held.step() is None
    held.back()
    assert held.text == "abc" and held.ended is None


def test_the_prompt_holds_no_stop_string():
    held, _ = session(prompt="ab", temperature=0.0)
    held.stop = ("bc",)
    held.step()
    assert held.text == "abc" and held.ended is None


def test_logits_of_old_places_are_dropped_and_read_again(monkeypatch):
    monkeypatch.setattr(tree, "N_KEPT", 3)
    held, model = session(prompt="", temperature=3.0, seed=4)
    while held.ended is None:
        held.step()
    before, calls = held.ids, len(model.calls)
    assert sum(node.logits is not None for node in held.path.nodes) <= 3
    held.go(None)
    while held.ended is None:
        held.step()
    assert held.ids == before and len(model.calls) > calls


def test_a_tree_comes_back_without_a_step_of_the_model():
    held, _ = session(prompt="ab", temperature=2.0, seed=9)
    for _ in range(3):
        held.step()
    held.go(0)
    held.pick(4)
    again, model = session(prompt="ab", temperature=2.0, seed=9)
    calls = len(model.calls)
    replant(again, records_of(held), held.path.nodes[-1].number, len(WORDS))
    assert len(model.calls) == calls
    assert again.text == held.text and records_of(again) == records_of(held)
    assert [again.chosen(index) for index in range(2, 4)] == [held.chosen(index) for index in range(2, 4)]
    assert again.outlook().ids.tolist() == held.outlook().ids.tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"parent": 5},
        {"parent": True},
        {"tokens": []},
        {"tokens": [5]},
        {"tokens": ["1"]},
        {"logprob": None},
        {"logprob": float("nan")},
        {"rank": -1},
        {"how": "magic"},
        {"draw": "0.5"},
    ],
    ids=str,
)
def test_a_damaged_tree_is_refused(change):
    held, _ = session(prompt="ab")
    held.step()
    records = records_of(held)
    fresh, _ = session(prompt="ab")
    with pytest.raises(BadData, match="node 0 of the saved tree"):
        replant(fresh, [{**records[0], **change}], None, len(WORDS))
    for damaged, at in ([7], None), ({}, None), (records * 2, None), (records, 4):
        with pytest.raises(BadData, match="the saved tree"):
            replant(session(prompt="ab")[0], damaged, at, len(WORDS))
