"""Sampling against transformers' logits processors, and the draw against its own definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm.errors import UsageError
from tinylm.model.sampling import CUT_NAMES, SamplingConfig, draw, filter_logits


def random_logits(seed, n=300):
    return np.random.default_rng(seed).normal(0, 3, n).astype(np.float32)


@pytest.mark.parametrize(
    "config",
    [
        SamplingConfig(),
        SamplingConfig(temperature=0.7),
        SamplingConfig(temperature=1.9, top_k=17),
        SamplingConfig(temperature=0.8, top_p=0.9),
        SamplingConfig(temperature=1.3, min_p=0.05),
        SamplingConfig(temperature=0.8, top_k=50, top_p=0.8, min_p=0.02),
        SamplingConfig(temperature=5.0, top_k=1),
        SamplingConfig(top_p=1e-6),
        SamplingConfig(min_p=1.0),
        SamplingConfig(typical_p=0.5),
        SamplingConfig(temperature=1.5, top_k=60, top_p=0.97, min_p=0.01, typical_p=0.9),
        SamplingConfig(repetition_penalty=1.3),
        SamplingConfig(repetition_penalty=0.7, temperature=0.6, top_k=30, top_p=0.9, min_p=0.01, typical_p=0.95),
    ],
    ids=str,
)
def test_probabilities_equal_those_of_transformers_processors(config):
    """Every processor that transformers has, in the order in which its `generate` puts them."""
    import torch
    from transformers import (
        LogitsProcessorList,
        MinPLogitsWarper,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
        TypicalLogitsWarper,
    )

    processors = LogitsProcessorList()
    if config.repetition_penalty != 1.0:
        processors.append(RepetitionPenaltyLogitsProcessor(config.repetition_penalty))
    processors.append(TemperatureLogitsWarper(config.temperature))
    if config.top_k:
        processors.append(TopKLogitsWarper(config.top_k))
    if config.top_p < 1.0:
        processors.append(TopPLogitsWarper(config.top_p))
    if config.min_p:
        processors.append(MinPLogitsWarper(config.min_p))
    if config.typical_p < 1.0:
        processors.append(TypicalLogitsWarper(config.typical_p))
    for seed in range(20):
        logits = random_logits(seed)
        seen = np.random.default_rng(seed).integers(0, 300, 40).astype(np.int32)
        row = torch.tensor(seen, dtype=torch.int64)[None]
        expected = torch.softmax(processors(row, torch.tensor(logits)[None]), dim=-1)[0].numpy()
        found = np.exp(filter_logits(logits, config, seen).sampled_logprob)
        assert np.abs(found - expected).max() < 1e-5
        assert ((found > 0) == (expected > 0)).all()


def test_temperature_zero_is_greedy_and_keeps_the_raw_probability():
    logits = random_logits(0)
    candidates = filter_logits(logits, SamplingConfig(temperature=0.0))
    best = int(np.argmax(logits))
    assert candidates.sampled_logprob[best] == 0.0
    assert np.isneginf(np.delete(candidates.sampled_logprob, best)).all()
    assert {CUT_NAMES[code] for code in np.delete(candidates.cut_by, best)} == {"greedy"}
    assert np.exp(candidates.logprob.astype(np.float64)).sum() == pytest.approx(1.0, abs=1e-5)
    ties = filter_logits(np.array([1, 2, 2, 0], np.float32), SamplingConfig(temperature=0.0))
    assert int(np.argmax(ties.sampled_logprob)) == 1  # of equals the lower id


def test_each_candidate_knows_the_filter_that_cut_it():
    logits = np.log(np.array([0.4, 0.3, 0.2, 0.06, 0.04], np.float32))
    found = filter_logits(logits, SamplingConfig(top_k=4, top_p=0.9, min_p=0.6))
    # top-k takes the last; top-p keeps what reaches 0.9 of the rest; min-p takes what is under 0.6 of the best.
    assert [CUT_NAMES[code] for code in found.cut_by] == [None, None, "min-p", "top-p", "top-k"]
    assert np.exp(found.sampled_logprob).tolist() == pytest.approx([4 / 7, 3 / 7, 0, 0, 0])
    assert np.exp(found.logprob).tolist() == pytest.approx([0.4, 0.3, 0.2, 0.06, 0.04])


def test_penalties_leave_the_raw_probability_and_come_before_the_rest():
    logits = np.log(np.array([0.5, 0.3, 0.2], np.float32)) + 3
    found = filter_logits(logits, SamplingConfig(top_k=2, presence_penalty=1.0, repetition_penalty=2.0), [0, 0])
    expected = np.exp([logits[0] / 2 - 1, logits[1], logits[2]])
    assert [CUT_NAMES[code] for code in found.cut_by] == ["top-k", None, None]
    assert np.exp(found.sampled_logprob[1:]).tolist() == pytest.approx(expected[1:] / expected[1:].sum(), rel=1e-5)
    assert np.exp(found.logprob).tolist() == pytest.approx([0.5, 0.3, 0.2], rel=1e-5)
    greedy = filter_logits(logits, SamplingConfig(temperature=0.0, presence_penalty=1.0), [0])
    assert CUT_NAMES[greedy.cut_by[0]] == "greedy" and greedy.cut_by[1] == 0


def test_typical_p_may_cut_the_first_choice():
    """0.3 is 1.7 bits, 0.1 is 3.3 bits, and the entropy of 2.8 bits is nearer to the latter."""
    logits = np.log(np.array([0.3] + [0.1] * 7, np.float32))
    found = filter_logits(logits, SamplingConfig(typical_p=0.3))
    assert CUT_NAMES[found.cut_by[0]] == "typical-p"
    assert (found.cut_by[1:] == 0).all()  # all alike: none of them is cut without the others


@settings(deadline=None)
@given(
    seed=st.integers(0, 100),
    temperature=st.floats(0.01, 20),
    top_k=st.integers(0, 400),
    top_p=st.floats(0.001, 1.0),
    min_p=st.floats(0.0, 1.0),
    typical_p=st.floats(0.001, 1.0),
    penalties=st.tuples(st.floats(0.1, 10), st.floats(-10, 10)),
    uniform=st.floats(0, 1, exclude_max=True),
)
def test_whatever_the_settings_something_is_left_and_only_that_is_drawn(
    seed, temperature, top_k, top_p, min_p, typical_p, penalties, uniform
):
    config = SamplingConfig(temperature, top_k, top_p, min_p, None, typical_p, *penalties)
    found = filter_logits(random_logits(seed), config, [5, 6, 7, 7])
    kept = found.cut_by == 0
    assert kept.any()
    assert np.exp(found.sampled_logprob.astype(np.float64)).sum() == pytest.approx(1.0, abs=1e-4)
    assert kept[draw(found, uniform)]


def test_the_draw_falls_on_the_candidates_laid_out_most_likely_first():
    found = filter_logits(np.log(np.array([0.2, 0.5, 0.3], np.float32)), SamplingConfig())
    assert [draw(found, u) for u in (0.0, 0.49, 0.51, 0.79, 0.81, 1 - 1e-12)] == [1, 1, 2, 2, 0, 0]


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 50), scale=st.sampled_from([0.0, 0.01, 1.0, 4.0]), top_p=st.floats(0.01, 1.0),
    uniform=st.one_of(st.floats(0, 1, exclude_max=True), st.just(1 - 2**-53)),
)  # fmt: skip
def test_what_is_not_sorted_is_cut_and_drawn_as_if_it_were(seed, scale, top_p, uniform):
    """Over thousands of tokens, flat or peaked, top-p and the draw are those of all tokens laid out in order."""
    logits = np.round(np.random.default_rng(seed).normal(0, 1, 3000), 2).astype(np.float32) * np.float32(scale)
    found = filter_logits(logits, SamplingConfig(top_p=top_p))
    order = np.argsort(-logits, kind="stable")
    p = np.exp(found.logprob[order].astype(np.float64))
    p /= p.sum()
    margin = np.abs(np.cumsum(p) - p - top_p)
    expected = np.cumsum(p) - p < top_p
    kept = (found.cut_by == 0)[order]
    assert (kept == expected)[margin > 1e-6].all() or top_p == 1.0
    ends = np.cumsum(np.exp(found.sampled_logprob[order[kept]].astype(np.float64)))
    place = min(int(np.searchsorted(ends, uniform * ends[-1], side="right")), len(ends) - 1)
    near = order[kept][max(place - 1, 0) : place + 2]  # a sum in another order may differ in the last place
    assert draw(found, uniform) in near


def test_draws_have_the_sampled_frequencies():
    found = filter_logits(random_logits(1, 20), SamplingConfig(temperature=2.0, top_p=0.9))
    generator = SamplingConfig(seed=5).new_generator()
    counts = np.bincount([draw(found, generator.random()) for _ in range(20_000)], minlength=20)
    expected = np.exp(found.sampled_logprob.astype(np.float64))
    assert np.abs(counts / 20_000 - expected).max() < 0.015


def test_the_same_seed_draws_the_same():
    config = SamplingConfig(seed=7)
    assert config.new_generator().random(5).tolist() == config.new_generator().random(5).tolist()
    # The sequence is part of what a seed promises: PCG64 through NumPy's Generator.
    assert config.new_generator().random() == pytest.approx(0.6250954, abs=1e-7)


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": -0.1},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"min_p": -1.0},
        {"seed": -1},
        {"typical_p": 0.0},
        {"repetition_penalty": 0.0},
        {"presence_penalty": float("inf")},
        {"top_p": float("nan")},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(bad):
    name = next(iter(bad)).replace("_", "-")
    with pytest.raises(UsageError, match=rf"^{name} is .*, expected"):
        SamplingConfig(**bad)
