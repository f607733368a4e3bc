"""The average of checkpoints: the mean of each tensor, as a model directory that the serving engine opens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tinylm.errors import BadData
from tinylm.model.language_model import LanguageModel
from tinylm.training.average import average_checkpoints
from tinylm.training.loop import train


def test_average_is_the_mean_of_the_checkpoints(config, tmp_path):
    """Each tensor is the mean; the directory loads."""
    run = Path(train(replace(config, out=str(tmp_path / "run")))).parent
    steps = sorted(int(path.name.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*"))[-2:]

    average_checkpoints(run, steps, tmp_path / "mean")

    states = [load_file(run / "checkpoints" / f"step-{step:09d}" / "model.safetensors") for step in steps]
    for name, tensor in load_file(tmp_path / "mean" / "model.safetensors").items():
        np.testing.assert_allclose(tensor, (states[0][name] + states[1][name]) / 2, rtol=1e-6, atol=1e-7)
    assert LanguageModel.load(tmp_path / "mean").engine.config.n_layer == config.n_layer
    with pytest.raises(BadData, match="no checkpoint of step 7777, there are"):
        average_checkpoints(run, [7777], tmp_path / "other")
