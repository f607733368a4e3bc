"""Generation and its decoder: the same text as a slow loop over whole contexts, whatever was read before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tinylm.test_engine import random_ids
from tinylm.errors import Cancelled
from tinylm.model.generation import generate_steps
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig

BLOCK = 64


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


@pytest.mark.parametrize("penalty", [1.0, 1.4])
def test_greedy_text_equals_transformers_generate(model, model_directory, penalty):
    """Also with a repetition penalty, which works on the logits of all tokens that the text has so far."""
    import torch
    from transformers import AutoModelForCausalLM

    prompt = model.tokenizer.encode("Once upon a time")
    reference = AutoModelForCausalLM.from_pretrained(str(model_directory)).eval()
    row = torch.tensor([[0, *prompt.tolist()]])
    mask = torch.ones_like(row)
    out = reference.generate(
        row, attention_mask=mask, do_sample=False, max_new_tokens=40, pad_token_id=0, repetition_penalty=penalty
    )
    expected = out[0, row.shape[1] :].tolist()
    config = SamplingConfig(temperature=0.0, repetition_penalty=penalty)
    steps = list(model.generate("Once upon a time", config, 40))
    assert [step.token_id for step in steps] == expected


def test_every_step_tells_what_the_scorer_says_of_its_token(model):
    """Also past the model's context: generation rests on the same windows as scoring."""
    prompt = "The fox saw a bird. "
    steps = list(model.generate(prompt, SamplingConfig(temperature=1.0, seed=11), 3 * BLOCK))
    ids = [*model.tokenizer.encode(prompt).tolist(), *(step.token_id for step in steps)]
    n_prompt = len(ids) - len(steps)
    scores = model.scorer.score(np.array(ids, np.int32), n_prompt, len(ids))
    assert np.abs(scores.logprob - [step.logprob for step in steps]).max() < 1e-4
    assert np.abs(scores.entropy_bits - [step.entropy_bits for step in steps]).max() < 1e-3
    assert np.mean(scores.rank == [step.rank for step in steps]) > 0.95  # near-ties may swap


def test_steps_hold_the_draw_and_both_probabilities(model):
    config = SamplingConfig(temperature=0.7, top_k=5, seed=2)
    uniforms = config.new_generator()
    for step in model.generate("Once", config, 15, n_alternatives=8):
        assert step.draw == uniforms.random()
        assert step.sampled_logprob > step.logprob
        assert len(step.alternatives) == 8
        assert [other.cut_by for other in step.alternatives] == [None] * 5 + ["top-k"] * 3
        chosen = next(other for other in step.alternatives if other.token_id == step.token_id)
        assert (chosen.logprob, chosen.sampled_logprob) == pytest.approx((step.logprob, step.sampled_logprob))
        assert step.bytes == model.tokenizer.token_bytes(step.token_id)


def test_end_of_text_is_the_last_step(model):
    for seed in range(40):
        steps = list(model.generate("Once", SamplingConfig(temperature=3.0, seed=seed), 300, n_alternatives=0))
        ends = [step.token_id == model.tokenizer.end_of_text_id for step in steps]
        assert not any(ends[:-1])
        assert ends[-1] or len(steps) == 300
        if ends[-1]:
            assert steps[-1].bytes == b""
            return
    pytest.fail("no text ended in 40 seeds of 300 tokens over 400 entries")


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_decoder_says_the_same_however_it_got_there(model, data):
    """Reading, pushing and truncating in any order gives the logits of a fresh decoder."""
    decoder = model.new_decoder(data.draw(st.integers(1, 3)))
    source = random_ids(400, seed=data.draw(st.integers(0, 3))).tolist()
    text: list[int] = []
    for _ in range(data.draw(st.integers(1, 8))):
        move = data.draw(st.sampled_from(["push", "truncate", "jump"]))
        if move == "push":
            for _ in range(data.draw(st.integers(1, 10))):
                text = [*text, source[len(text)]]
                logits = decoder.push(text[-1])
        elif move == "truncate":
            text = text[: data.draw(st.integers(0, len(text)))]
            logits = (
                decoder.truncate(len(text)) if decoder.ids[: len(text)] == text and decoder.ids else decoder.read(text)
            )
        else:
            text = source[: data.draw(st.integers(0, 390))]
            logits = decoder.read(text)
        assert decoder.ids == text
    assert np.abs(logits - model.new_decoder().read(text)).max() < 1e-3


def test_a_decoder_remembers_the_places_it_was_at(odd_model_directory):
    """Typing costs one step a token, taking back none but the last, and coming back to a place as little."""
    odd_model = LanguageModel.load(odd_model_directory)
    decoder, n_blocks = odd_model.new_decoder(2), -(-70 // odd_model.engine.block_rows)
    here, there = random_ids(70, seed=1).tolist(), random_ids(70, seed=2).tolist()

    def steps_to_read(ids):
        before = decoder.n_steps
        decoder.read(ids)
        return decoder.n_steps - before

    assert steps_to_read(here[:69]) == n_blocks
    assert [steps_to_read(here), steps_to_read(here), steps_to_read(here[:60])] == [1, 0, 1]
    assert steps_to_read(here) == 1
    assert steps_to_read(there) == n_blocks
    assert [steps_to_read(here[:68]), steps_to_read(there[:69])] == [1, 1]


def test_the_same_text_again_is_read_once_in_its_new_place(odd_model_directory):
    """Where a place was left, the tokens that follow it there do not draw a text back, token after token."""
    decoder = LanguageModel.load(odd_model_directory).new_decoder(4)
    ids = random_ids(76, seed=1).tolist()
    for _ in range(4):
        before = decoder.n_steps
        for length in range(2, 77):
            decoder.read(ids[:length])
        assert decoder.n_steps - before == 75


def test_a_decoder_goes_on_after_it_was_stopped(model):
    decoder = model.new_decoder()
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        raise Cancelled("nobody waits")

    ids = random_ids(200).tolist()
    decoder.read(ids[:20])
    with pytest.raises(Cancelled):
        decoder.read(ids, stop)
    assert calls == 1
    assert np.abs(decoder.read(ids) - model.new_decoder().read(ids)).max() < 1e-3
    with pytest.raises(Cancelled):
        decoder.read(ids[:5], stop)
    assert np.array_equal(decoder.read(ids[:5]), decoder.read(ids[:5]))


def test_stopping_generation_costs_at_most_one_step(model):
    taken = []

    def stop_after_three():
        if len(taken) == 3:
            raise Cancelled("nobody waits")

    with pytest.raises(Cancelled):
        for step in generate_steps(
            model.decoder, model.tokenizer, [5, 6], SamplingConfig(seed=1), 50, stop_after_three
        ):
            taken.append(step)
    assert len(taken) == 3


def test_no_tokens_asked_for_are_no_steps(model):
    assert list(model.generate("Once", SamplingConfig(), 0)) == []
