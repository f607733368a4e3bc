"""The window rule and the numbers that follow from it."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tinylm.test_engine import log_softmax, reference_logprobs
from tests.tinylm.test_spans import NASTY
from tinylm.errors import Cancelled
from tinylm.model.anchors import AnchorTable, firm_anchors, strengths
from tinylm.model.language_model import LanguageModel
from tinylm.model.parts import PART_ROWS, Parts
from tinylm.model.windows import plan_windows, reach

BLOCK = 64  # of the model in the fixture


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


@pytest.fixture
def scorer(model, model_directory):
    """A scorer that remembers nothing yet."""
    return LanguageModel(model.path, model.tokenizer, model.engine).scorer


@pytest.fixture(scope="module")
def table(model):
    return AnchorTable.of([model.tokenizer.token_bytes(i) for i in range(model.tokenizer.vocab_size)])


WORDS = [
    "the",
    "fox",
    "saw",
    "a",
    "bird.",
    "and",
    "it",
    "ran",
    '"No!"',
    "said",
    "Pip.\n\n",
    "Then\n",
    "日本",
    "gone,\r\n",
]


def story(n_words, seed=0):
    return " ".join(random.Random(seed).choices(WORDS, k=n_words))


def equal_bits(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("logprob", "rank", "entropy_bits", "max_logprob", "context_tokens")
    )


def cut(scores, first, last):
    return type(scores)(*(getattr(scores, name)[first:last] for name in scores.__dataclass_fields__))


@pytest.mark.parametrize("text", [text for text in NASTY if 0 < len(text.encode("utf-8", "replace")) <= BLOCK])
def test_a_text_that_fits_has_the_numbers_of_one_pass_by_transformers(model, model_directory, text):
    ids = model.tokenizer.encode(text)
    expected = reference_logprobs(model_directory, np.concatenate([[0], ids])[:-1])  # (T, V)
    scores = model.scorer.score(ids, 0, len(ids))
    rows = np.arange(len(ids))
    assert np.abs(scores.logprob - expected[rows, ids]).max() < 1e-4
    assert np.abs(scores.max_logprob - expected.max(axis=1)).max() < 1e-4
    entropy = -(np.exp(expected) * expected).sum(axis=1) / np.log(2)
    assert np.abs(scores.entropy_bits - entropy).max() < 1e-4
    chosen = expected[rows, ids][:, None]
    assert np.abs(scores.rank - (1 + (expected > chosen).sum(axis=1))).max() <= 1  # near-ties may swap
    assert scores.context_tokens.tolist() == list(range(len(ids)))
    assert scores.logprob.dtype == np.float32


def test_surprisals_add_up_to_the_log_probability_of_the_sequence(model, model_directory):
    import torch
    from transformers import AutoModelForCausalLM

    ids = model.tokenizer.encode(story(12))
    assert len(ids) < BLOCK
    row = torch.tensor([[0, *ids.tolist()]])
    reference = AutoModelForCausalLM.from_pretrained(str(model_directory)).eval()
    with torch.no_grad():
        loss = reference(row, labels=row).loss.item()
    total_bits = model.scorer.score(ids, 0, len(ids)).surprisal_bits.sum()
    assert total_bits == pytest.approx(loss * len(ids) / np.log(2), rel=1e-5)


def test_every_token_sees_at_least_half_a_context_and_says_what_it_sees(model, scorer):
    ids = model.tokenizer.encode(story(700))
    scores = scorer.score(ids, 0, len(ids))
    places = np.arange(len(ids))
    assert (scores.context_tokens >= np.minimum(places, BLOCK // 2)).all()
    assert scores.context_tokens.max() <= BLOCK
    for t in range(0, len(ids), 97):  # the number is the one of exactly that context
        n = int(scores.context_tokens[t])
        before = ids[t - n : t] if n < t else np.concatenate([[0], ids[:t]]).astype(np.int32)
        expected = log_softmax(model.engine.logits(before))[-1]
        assert scores.logprob[t] == pytest.approx(expected[ids[t]], abs=1e-4)


@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_a_range_has_bit_for_bit_the_numbers_of_the_whole(model, data):
    ids = model.tokenizer.encode(story(500, seed=data.draw(st.integers(0, 3))))
    first = data.draw(st.integers(0, len(ids)))
    last = data.draw(st.integers(first, min(len(ids), first + 200)))
    whole = LanguageModel(model.path, model.tokenizer, model.engine).scorer.score(ids, 0, len(ids))
    part = LanguageModel(model.path, model.tokenizer, model.engine).scorer.score(ids, first, last)
    assert equal_bits(part, cut(whole, first, last))


@pytest.mark.parametrize(("first", "last"), [(0, 40), (77, 78), (76, 200), (333, 400), (580, 600)])
def test_ranges_and_whole_agree_for_a_context_that_is_no_round_number(odd_model_directory, first, last):
    model = LanguageModel.load(odd_model_directory)
    ids = model.tokenizer.encode(story(250))[:600]
    part = model.scorer.score(ids, first, last)
    fresh = LanguageModel(model.path, model.tokenizer, model.engine).scorer
    assert equal_bits(part, cut(fresh.score(ids, 0, len(ids)), first, last))


def test_a_slice_that_reaches_back_has_the_numbers_of_the_whole(model, scorer):
    ids = model.tokenizer.encode(story(1500))
    first, last = len(ids) - 150, len(ids) - 20
    low = first - reach(BLOCK) - 1
    assert low > 0
    sliced = scorer.score(ids[low:], first - low, last - low, starts_document=False)
    assert equal_bits(sliced, cut(scorer.score(ids, 0, len(ids)), first, last))
    with pytest.raises(ValueError, match="begins 100 tokens before the range"):
        scorer.score(ids[first - 100 :], 100, 120, starts_document=False)


@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_an_edit_changes_no_value_before_it_and_only_a_bounded_stretch_after_it(model, data):
    ids = model.tokenizer.encode(story(1200, seed=data.draw(st.integers(0, 3))))
    at = data.draw(st.integers(0, 400))
    n_cut = data.draw(st.integers(0, 3))
    new = data.draw(st.lists(st.integers(1, 399), max_size=5))
    edited = np.concatenate([ids[:at], np.array(new, np.int32), ids[at + n_cut :]]).astype(np.int32)
    old = LanguageModel(model.path, model.tokenizer, model.engine).scorer.score(ids, 0, len(ids))
    now = LanguageModel(model.path, model.tokenizer, model.engine).scorer.score(edited, 0, len(edited))
    assert equal_bits(cut(now, 0, at), cut(old, 0, at))
    tail = len(ids) - at - n_cut - reach(BLOCK)  # tokens out of reach, counted from the end
    assert tail > 0
    assert equal_bits(cut(now, len(edited) - tail, len(edited)), cut(old, len(ids) - tail, len(ids)))


def test_an_edit_computes_a_few_windows_again(model):
    text = story(2000)
    scorer = LanguageModel(model.path, model.tokenizer, model.engine).scorer
    ids = model.tokenizer.encode(text)
    scorer.score(ids, 0, len(ids))
    blocks = 0

    def count():
        nonlocal blocks
        blocks += 1

    scorer.score(ids, 0, len(ids), count)
    assert blocks == 0  # everything is remembered
    edited = model.tokenizer.encode(text[:3000] + "x" + text[3000:])
    scorer.score(edited, 0, len(edited), count)
    assert 0 < blocks < len(ids) / BLOCK  # of about 9 blocks in 3 windows for every 64 tokens


def test_a_keystroke_computes_little_more_than_the_rows_it_changes(model, table, monkeypatch):
    """Wherever it falls: of each window that holds the place, the rows from there on, and fewer than a step before."""
    monkeypatch.setattr(Parts, "n_to_skip", lambda self, kind, n_known, agrees: n_known // PART_ROWS * PART_ROWS)
    n_rows = 0

    def counted(compute):
        def count(cache, ids, *check):
            nonlocal n_rows
            n_rows += len(ids)
            return compute(cache, ids, *check)

        return count

    for name in ("hidden", "read"):
        monkeypatch.setattr(model.engine, name, counted(getattr(model.engine, name)))
    ids = model.tokenizer.encode(story(110))  # in less windows than are remembered

    def windows(ids):
        document = np.insert(ids, 0, 0)
        starts = [window.start for window in plan_windows(document, table, BLOCK, 1, len(document))]
        return {document[start : start + BLOCK].tobytes(): start for start in starts}

    assert len(windows(ids)) < 16 and 399 not in ids
    n_saved = 0
    for place in range(20, len(ids), 17):
        edited = np.insert(ids, place, 399)
        scorer = LanguageModel(model.path, model.tokenizer, model.engine).scorer
        scorer.score(ids, 0, len(ids))
        n_rows = 0
        scorer.score(edited, 0, len(edited))
        new = [start for window, start in windows(edited).items() if window not in windows(ids)]
        alike = [place + 1 - start if start in windows(ids).values() and place - start > 14 else 0 for start in new]
        n_saved += sum(alike)
        needed = [BLOCK - n_alike for n_alike in alike]
        assert sum(needed) <= n_rows < sum(needed) + PART_ROWS * len(new)
    assert n_saved > 300


def test_a_block_is_begun_in_its_middle_only_where_a_trial_agreed():
    """One trial for each kind and place; n known rows are left out in whole steps, or not at all."""
    tried = []

    def agrees(n_rows):
        tried.append(n_rows)
        return n_rows != 2 * PART_ROWS

    parts = Parts()
    known = [0, PART_ROWS - 1, PART_ROWS, 2 * PART_ROWS + 3, PART_ROWS + 1, 2 * PART_ROWS, 3 * PART_ROWS]
    left_out = [parts.n_to_skip("kind", n_known, agrees) for n_known in known]
    assert left_out == [0, 0, PART_ROWS, 0, PART_ROWS, 0, 3 * PART_ROWS]
    assert tried == [PART_ROWS, 2 * PART_ROWS, 3 * PART_ROWS]
    assert parts.n_to_skip("another kind", PART_ROWS, agrees) == PART_ROWS
    assert len(tried) == 4


@pytest.mark.parametrize("text", ["a" * 4000, "ab " * 1500, "\n" * 3000, "- " * 2000, story(1000), "日本" * 800])
def test_windows_keep_the_rule_on_any_text(model, table, text):
    ids = np.concatenate([[0], model.tokenizer.encode(text)]).astype(np.int32)
    windows = plan_windows(ids, table, BLOCK, 1, len(ids))
    starts = [window.start for window in windows]
    assert [p for w in windows for p in range(w.first, w.stop)] == list(range(1, len(ids)))
    assert starts[0] == 0
    assert all(0 < b - a <= BLOCK // 2 for a, b in pairwise(starts))
    assert all(w.stop - 1 - w.start <= BLOCK for w in windows)


def test_firm_anchors_are_never_far_apart_and_look_only_back(table, model):
    ids = model.tokenizer.encode(story(3000))
    span = 100
    firm = np.flatnonzero(firm_anchors(strengths(ids, table), span))
    assert firm[0] <= 2 * span
    assert np.diff(firm).max() <= span + 1
    shorter = np.flatnonzero(firm_anchors(strengths(ids[:1000], table), span))
    assert shorter.tolist() == firm[firm < 1000].tolist()


def test_windows_prefer_paragraphs_then_lines_then_sentences(table, model):
    """In a text with a paragraph every few dozen tokens, windows begin at paragraphs."""
    text = "\n\n".join("The fox. It ran." for _ in range(60))
    ids = np.concatenate([[0], model.tokenizer.encode(text)]).astype(np.int32)
    starts = [w.start for w in plan_windows(ids, table, 256, 1, len(ids))][1:]
    data = [model.tokenizer.decode(ids[:start]) for start in starts]
    assert all(before.endswith("\n\n") for before in data)


def test_a_special_end_of_text_begins_a_new_document(model, scorer):
    a, b = model.tokenizer.encode(story(8)), model.tokenizer.encode(story(90, seed=1))
    both = np.concatenate([a, [model.tokenizer.end_of_text_id], b]).astype(np.int32)
    scores = scorer.score(both, 0, len(both))
    assert equal_bits(cut(scores, len(a) + 1, len(both)), scorer.score(b, 0, len(b)))
    assert equal_bits(cut(scores, 0, len(a)), scorer.score(a, 0, len(a)))
    assert scores.context_tokens[len(a)] == len(a)  # the separator is predicted by the document it ends
    part = scorer.score(both, len(a) - 3, len(a) + 5)
    assert equal_bits(part, cut(scores, len(a) - 3, len(a) + 5))


def test_the_tokens_own_probability_is_that_among_its_alternatives(model, scorer):
    ids = model.tokenizer.encode(story(300))
    first, last = 70, 260
    scores = scorer.score(ids, first, last)
    found = scorer.alternatives(ids, first, last, 400)
    assert found.ids.shape == (last - first, 400)
    for row in range(last - first):
        place = int(np.flatnonzero(found.ids[row] == ids[first + row])[0])
        assert place + 1 == scores.rank[row]
        assert found.logprob[row, place] == scores.logprob[row]
    assert (np.diff(found.logprob, axis=1) <= 0).all()
    assert np.abs(np.exp(found.logprob.astype(np.float64)).sum(axis=1) - 1).max() < 1e-5


def test_check_stops_and_what_was_computed_is_kept(model, scorer):
    ids = model.tokenizer.encode(story(400))
    calls = 0

    def stop_at_ten():
        nonlocal calls
        calls += 1
        if calls == 10:
            raise Cancelled("nobody waits")

    with pytest.raises(Cancelled):
        scorer.score(ids, 0, len(ids), stop_at_ten)
    fresh = LanguageModel(model.path, model.tokenizer, model.engine).scorer
    assert equal_bits(scorer.score(ids, 0, len(ids)), fresh.score(ids, 0, len(ids)))


def test_typing_at_the_end_gives_the_numbers_of_a_fresh_start(model, scorer):
    text = story(200)
    for end in range(len(text) - 300, len(text), 13):
        ids = model.tokenizer.encode(text[:end])
        fresh = LanguageModel(model.path, model.tokenizer, model.engine).scorer
        assert equal_bits(scorer.score(ids, 0, len(ids)), fresh.score(ids, 0, len(ids)))


@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_what_is_remembered_never_shows_in_the_numbers(model, data):
    """Ranges in any order, between edits in any place, have the bits of a fresh start."""
    scorer = LanguageModel(model.path, model.tokenizer, model.engine).scorer
    ids = model.tokenizer.encode(story(150, seed=data.draw(st.integers(0, 3))))
    for _ in range(5):
        at = data.draw(st.integers(0, len(ids) - 1))
        n_cut = data.draw(st.integers(0, 2))
        new = data.draw(st.lists(st.integers(1, 399), max_size=2))
        ids = np.concatenate([ids[:at], np.array(new, np.int32), ids[at + n_cut :]]).astype(np.int32)
        first = data.draw(st.integers(0, len(ids)))
        last = data.draw(st.integers(first, min(len(ids), first + 90)))
        fresh = LanguageModel(model.path, model.tokenizer, model.engine).scorer
        assert equal_bits(scorer.score(ids, first, last), fresh.score(ids, first, last))
        if first < last:
            found, expected = (each.alternatives(ids, first, last, 2) for each in (scorer, fresh))
            assert np.array_equal(found.ids, expected.ids)
            assert np.array_equal(found.logprob, expected.logprob)


@pytest.mark.parametrize("text", NASTY)
def test_analysis_of_any_text_has_finite_numbers_for_every_token(model, text):
    analysis = model.analyze(text, top_k=3)
    n_tokens = len(analysis.ids)
    assert len(analysis.spans) == n_tokens
    assert np.isfinite(analysis.scores.logprob).all()
    assert (analysis.scores.logprob <= 0).all()
    assert (analysis.scores.rank >= 1).all()
    assert analysis.alternatives.ids.shape == (n_tokens, 3)
