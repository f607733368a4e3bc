"""What a run leaves in model/ is a plain Hugging Face directory, and the same model in every program that opens it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.tinylm.training_runs import STEPS
from tinylm.model.language_model import LanguageModel
from tinylm.training import loop
from tinylm.training.checkpoint import restore_checkpoint
from tinylm.training.export import export_model
from tinylm.training.network import build_model
from tinylm.training.optim import Optimizers

TEXT = "Once upon a time there was a small fox named Pip. 日本 👩‍👩‍👧"


@pytest.fixture(scope="module")
def trained(finished_run):
    """The model as it was in memory, from the last checkpoint."""
    model = build_model(finished_run, 400, 0, seed=9)
    place = Path(finished_run.out) / "checkpoints" / f"step-{STEPS:09d}"
    restore_checkpoint(place, model, Optimizers(model, 0.01, 0.01, 0.1))
    return model.eval()


@pytest.fixture(params=["float32", "float16"])
def exported(request, trained, finished_run, tmp_path):
    return export_model(trained, Path(finished_run.out) / "tokenizer", tmp_path / "model", request.param)


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float().numpy()


def tolerance(directory):
    return 1e-5 if json.loads((directory / "config.json").read_bytes())["dtype"] == "float32" else 2e-2


def test_transformers_opens_it_with_the_same_logits_and_tokens(exported, trained, finished_run):
    tokenizer = AutoTokenizer.from_pretrained(str(exported))
    model = AutoModelForCausalLM.from_pretrained(str(exported)).float().eval()
    ours = LanguageModel.load(exported)
    ids = tokenizer(TEXT).input_ids
    assert ids == ours.tokenizer.encode(TEXT).tolist()
    ids = ids[: finished_run.block_size]
    assert np.abs(logits_of(model, ids) - logits_of(trained, ids)).max() < tolerance(exported)


def test_our_engine_opens_it_with_the_same_logits(exported, trained):
    ours = LanguageModel.load(exported)
    ids = ours.tokenizer.encode(TEXT)[:32]
    assert np.abs(ours.engine.logits(ids) - logits_of(trained, ids.tolist())).max() < max(1e-4, tolerance(exported))


def test_number_format_is_the_one_asked_for_and_the_tied_head_is_left_out(exported):
    dtype = json.loads((exported / "config.json").read_bytes())["dtype"]
    with safe_open(str(exported / "model.safetensors"), "np") as file:
        assert "lm_head.weight" not in file.keys()  # noqa: SIM118  (safetensors' own method)
        assert {str(file.get_tensor(name).dtype) for name in file.keys()} == {dtype}  # noqa: SIM118


def test_begin_and_end_of_text_are_our_own_id_everywhere(exported):
    """GPT-2's own 50256 would end nothing here."""
    end = LanguageModel.load(exported).tokenizer.end_of_text_id
    for name in ("config.json", "generation_config.json"):
        values = json.loads((exported / name).read_bytes())
        assert (values["bos_token_id"], values["eos_token_id"]) == (end, end)
    tokenizer = AutoTokenizer.from_pretrained(str(exported))
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (end, end)


def test_generation_stops_at_the_end_of_text(trained, finished_run, tmp_path):
    """A model that knows only one token, the end, stops after it without being told which it is."""
    model = build_model(finished_run, 400, 0, seed=9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.transformer.ln_f.bias.fill_(1.0)
        model.transformer.wte.weight[0] = 1.0
    place = export_model(model, Path(finished_run.out) / "tokenizer", tmp_path / "model")
    loaded = AutoModelForCausalLM.from_pretrained(str(place)).eval()
    ids = torch.tensor([[5, 6, 7]])
    found = loaded.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=10, do_sample=False)
    assert found[0].tolist() == [5, 6, 7, 0]


def test_run_exports_its_last_state(trained, finished_run):
    model = AutoModelForCausalLM.from_pretrained(str(Path(finished_run.out) / "model"))
    for name, parameter in trained.named_parameters():
        assert torch.equal(dict(model.named_parameters())[name], parameter), name


def test_run_exports_half_the_bytes_as_float16(config, finished_run):
    loop.train(replace(config, steps=1, export_dtype="float16"))
    sizes = [(Path(c.out) / "model/model.safetensors").stat().st_size for c in (config, finished_run)]
    assert 0.45 < sizes[0] / sizes[1] < 0.55
