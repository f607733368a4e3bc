"""Machine code for decoding comes into the worker while nobody waits, and stays away where it cannot."""

import sys

import numpy as np
import pytest
from tinylm_server.worker_speed import Speedup

from tinylm.model.language_model import LanguageModel


def finish(speedup, model):
    """Let it do all its pieces, with the compiler's end between two of them; return how many there were."""
    n_pieces = 0
    while speedup.idle_s(model) is not None:
        speedup.advance(model)
        if speedup._compiler is not None:
            speedup._compiler.wait(timeout=120)
        n_pieces += 1
    return n_pieces


def test_code_comes_in_by_pieces_and_again_for_another_model(model_directory, odd_model_directory):
    model, speedup = LanguageModel.load(model_directory), Speedup()
    assert speedup.idle_s(None) is None
    before = model.decoder.read([5, 6, 7]).copy()
    assert finish(speedup, model) == 4
    assert model.engine.is_compiled
    model.decoder.read([5, 6])
    assert np.abs(model.decoder.push(7) - before).max() < 1e-4
    other = LanguageModel.load(odd_model_directory)
    assert finish(speedup, other) == 1  # Numba is there and the code too
    assert other.engine.is_compiled


def test_a_compiler_that_fails_is_told_once_and_numpy_goes_on(model_directory, tmp_path, caplog):
    model, speedup = LanguageModel.load(model_directory), Speedup()
    model.path = tmp_path / "gone"
    assert finish(speedup, model) == 2
    assert not model.engine.is_compiled
    (record,) = caplog.records
    assert record.getMessage().startswith(f"decoding stays with NumPy: {model.path}")


def test_without_numba_nothing_is_tried(model_directory, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert Speedup().idle_s(LanguageModel.load(model_directory)) is None


@pytest.fixture(autouse=True)
def no_child_is_left():
    """The compiler ends with what started it."""
    import psutil

    yield
    assert [child for child in psutil.Process().children() if "compile_step" in " ".join(child.cmdline())] == []
