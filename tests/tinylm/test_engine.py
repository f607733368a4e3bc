"""The NumPy engine against transformers' GPT2LMHeadModel."""

import sys

import numpy as np
import pytest

from tinylm.errors import Cancelled, EnvironmentProblem
from tinylm.model.engine import Engine


@pytest.fixture(scope="module")
def engine(model_directory):
    return Engine.load(model_directory)


def compiled(directory):
    engine = Engine.load(directory)
    engine.compile_step()
    return engine


def log_softmax(logits):
    logits = logits.astype(np.float64)
    top = logits.max(axis=-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))


def reference_logprobs(directory, ids):
    """Every log probability after each token, (T, V), by transformers in float64."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(str(directory)).double().eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids.tolist()])).logits[0]
    return torch.log_softmax(logits, dim=-1).numpy()


def random_ids(n, seed=0):
    return np.random.default_rng(seed).integers(0, 400, n).astype(np.int32)


@pytest.mark.parametrize("n_tokens", [1, 2, 33, 64])
def test_every_logprob_is_within_1e_4_of_transformers(engine, model_directory, n_tokens):
    ids = random_ids(n_tokens)
    ours = log_softmax(engine.logits(ids))
    assert np.abs(ours - reference_logprobs(model_directory, ids)).max() < 1e-4


@pytest.mark.parametrize("n_tokens", [3, 65, 77])
def test_a_shape_that_divides_nothing_is_within_1e_4_of_transformers(odd_model_directory, n_tokens):
    ids = random_ids(n_tokens)
    ours = log_softmax(Engine.load(odd_model_directory).logits(ids))
    assert np.abs(ours - reference_logprobs(odd_model_directory, ids)).max() < 1e-4


def test_one_token_at_a_time_equals_all_at_once(engine, model_directory):
    ids = random_ids(64, seed=1)
    cache = engine.new_cache()
    rows = [engine.extend(cache, ids[t : t + 1])[0] for t in range(64)]
    assert cache.length == 64
    assert np.abs(log_softmax(np.array(rows)) - reference_logprobs(model_directory, ids)).max() < 1e-4


@pytest.mark.parametrize("load", [Engine.load, compiled])
@pytest.mark.parametrize("shape", ["model_directory", "odd_model_directory"])
def test_a_step_of_decoding_is_within_1e_4_of_transformers(request, shape, load):
    """After a block and after other steps, to the last place of the context, compiled and not."""
    directory = request.getfixturevalue(shape)
    engine = load(directory)
    ids = random_ids(engine.config.block_size, seed=4)
    cache = engine.new_cache()
    engine.extend(cache, ids[:20])
    rows = [engine.next_logits(cache, int(token_id)) for token_id in ids[20:]]
    assert np.abs(log_softmax(np.array(rows)) - reference_logprobs(directory, ids)[20:]).max() < 1e-4
    with pytest.raises(ValueError, match="do not fit a context"):
        engine.next_logits(cache, 1)


def test_a_compiled_step_repeats_its_bits_and_leaves_those_of_scores(engine, model_directory):
    fast = compiled(model_directory)
    ids = random_ids(40, seed=5)
    caches = [fast.new_cache(), fast.new_cache()]
    for token_id in ids.tolist():
        first, second = (fast.next_logits(cache, token_id) for cache in caches)
        assert np.array_equal(first, second)
    assert np.array_equal(fast.logits(ids), engine.logits(ids))


def test_without_numba_numpy_goes_on(engine, model_directory, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "tinylm.model.compiled_step", raising=False)
    slow = Engine.load(model_directory)
    with pytest.raises(EnvironmentProblem, match=r'pip install "tinylm\[fast\]"'):
        slow.compile_step()
    assert np.array_equal(slow.next_logits(slow.new_cache(), 7), engine.next_logits(engine.new_cache(), 7))


def test_code_that_computes_something_else_is_not_used(model_directory, monkeypatch):
    """A compiler may be broken on one machine; what it makes is compared with NumPy before it serves."""
    from tinylm.model import compiled_step

    engine = Engine.load(model_directory)
    monkeypatch.setattr(compiled_step, "GELU_SHIFT", np.float32(1.0))
    with pytest.raises(EnvironmentProblem, match="Numba's code is wrong by"):
        engine.compile_step()
    assert engine.next_logits(engine.new_cache(), 7).shape == (400,)


def test_odd_blocks_and_truncation_equal_all_at_once(engine):
    ids = random_ids(64, seed=2)
    whole = engine.logits(ids)
    cache = engine.new_cache()
    engine.extend(cache, ids[:40])
    engine.extend(cache, random_ids(7, seed=3))
    cache.truncate(25)
    rest = engine.extend(cache, ids[25:])
    assert np.abs(rest - whole[25:]).max() < 1e-4
    cache.truncate(63)
    assert np.abs(engine.extend(cache, ids[63:])[-1] - whole[63]).max() < 1e-4


def test_too_many_tokens_are_refused_with_both_numbers(engine):
    cache = engine.new_cache()
    engine.extend(cache, random_ids(60))
    with pytest.raises(ValueError, match="5 tokens after 60 do not fit a context of 64"):
        engine.extend(cache, random_ids(5))
    with pytest.raises(ValueError, match="cannot truncate a cache of 60 tokens to 61"):
        cache.truncate(61)


def test_check_stops_between_blocks(engine):
    def stop():
        raise Cancelled("nobody waits")

    cache = engine.new_cache()
    with pytest.raises(Cancelled):
        engine.extend(cache, random_ids(10), stop)
    assert cache.length == 0
