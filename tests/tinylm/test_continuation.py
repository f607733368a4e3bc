"""Ghost text: as long as the model is sure, whole words, nothing that acts, and other ways to go on when asked."""

import math

import pytest

from tinylm.errors import Cancelled
from tinylm.model.continuation import Limits, continue_differently, continue_text
from tinylm.model.cursor_generation import cursor_of, generate_at
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.tokens.byte_level import is_harmless

TEXT = "Once upon a ti"
SURE_OF_ALL = Limits(min_confidence=0.0)


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def test_it_ends_in_time_and_while_it_is_sure(model):
    found = continue_text(model, TEXT, limits=Limits(max_tokens=12, min_confidence=1e-9))
    assert found.text == "".join(step.text for step in found.steps)
    assert len(found.steps) <= 12
    assert continue_text(model, TEXT, limits=Limits(min_confidence=1.0)).text == ""
    certain = continue_text(model, TEXT, limits=Limits(min_confidence=1e-3))
    assert certain.steps and sum(step.logprob for step in certain.steps) >= math.log(1e-3)


def test_it_ends_before_a_token_that_the_model_finds_unlikely(model):
    whole = continue_text(model, TEXT, limits=SURE_OF_ALL)
    least = min(math.exp(step.logprob) for step in whole.steps)
    cut = continue_text(model, TEXT, limits=Limits(min_confidence=0.0, min_token_probability=least * 1.01))
    assert whole.text.startswith(cut.text) and len(cut.text) < len(whole.text)
    assert all(math.exp(step.logprob) > least for step in cut.steps)


@pytest.mark.parametrize("n_lines", [1, 2, 3])
def test_it_has_no_more_lines_than_asked_and_no_line_end_behind_it(model, n_lines):
    for seed in range(40):
        limits = Limits(max_lines=n_lines, min_confidence=0.0, max_tokens=40)
        found = continue_text(model, "Pip said,", limits=limits, config=SamplingConfig(temperature=1.5, seed=seed))
        assert found.text.count("\n") < n_lines and not found.text.endswith("\n")
        assert "\r" not in found.text
        assert found.text == "".join(step.text for step in found.steps)


def test_it_holds_nothing_that_acts(model):
    for seed in range(30):
        config = SamplingConfig(temperature=3.0, seed=seed)
        found = continue_text(model, "日", limits=Limits(min_confidence=0.0, max_tokens=30), config=config)
        assert is_harmless(found.text)
        found.text.encode("utf-8")


def test_it_ends_before_a_stop_string(model):
    for seed in range(20):
        config = SamplingConfig(seed=seed)
        whole = continue_text(model, "The fox", limits=SURE_OF_ALL, config=config).text
        for stop in whole[1:6:2]:
            found = continue_text(model, "The fox", limits=Limits(min_confidence=0.0, stop=[stop]), config=config)
            assert found.text == whole[: whole.index(stop)]
            assert found.text == "".join(step.text for step in found.steps)


@pytest.mark.parametrize("text", [TEXT, "Once upon a", "The fox saw the b", "", "Pip said, "])
def test_other_ways_begin_otherwise_and_are_as_likely_as_they_say(model, text):
    first = continue_text(model, text, limits=SURE_OF_ALL)
    others = continue_differently(model, text, [first.text], 3, limits=SURE_OF_ALL)
    assert others == sorted(others, key=lambda other: -other.steps[0].logprob)
    texts = [first.text, *(other.text for other in others)]
    for idx, one in enumerate(texts):
        assert not any(other.startswith(one) or one.startswith(other) for other in texts[idx + 1 :] if one)
    for other in others:
        assert is_harmless(other.text) and other.text == "".join(step.text for step in other.steps)
        assert math.exp(other.steps[0].logprob) >= 0.01


def test_the_likeliest_beginning_is_what_most_draws_begin_with(model):
    """The best other way, with nothing known, has the frequency among seeds that its first step says."""
    text = "The fox saw the b"
    (best, *_) = continue_differently(model, text, [], 1, limits=SURE_OF_ALL)
    begins, probability = best.steps[0].text.encode(), math.exp(best.steps[0].logprob)
    cursor = cursor_of(model, text)
    n_draws, n_equal = 300, 0
    for seed in range(n_draws):
        steps = generate_at(model, cursor, SamplingConfig(seed=seed), 2, n_alternatives=0)
        n_equal += next((step.bytes for step in steps if step.bytes), b"") == begins
    spread = math.sqrt(n_draws * probability * (1 - probability))
    assert abs(n_equal - n_draws * probability) < 5 * spread + 2


def test_check_stops_it(model):
    def stop():
        raise Cancelled("nobody waits")

    with pytest.raises(Cancelled):
        continue_text(model, "Once upon a time", stop)
    with pytest.raises(Cancelled):
        continue_differently(model, "Once upon a time", [], 3, stop)
