"""A text under the weights that a run kept, over stdio: the numbers of the library, in the document's context."""

import json
import shutil
from pathlib import Path

import pytest
from lsp_client import Client, LspError
from test_golden import GOLDEN, assert_same_shape

from tests.conftest import STORY, build_random_model
from tinylm.model.language_model import LanguageModel
from tinylm.training.snapshots import snapshot_path

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:learned"
TEXT = f"😀 was here.\r\n\r\n{STORY}\n\nThe end."
STEPS = (0, 7, 300)


@pytest.fixture(scope="module")
def run(tokenizer_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that kept two snapshots and a checkpoint, all of one shape, as training leaves them."""
    run = tmp_path_factory.mktemp("runs") / "fox"
    shutil.copytree(tokenizer_directory, run / "tokenizer")
    shape = {"block_size": 48, "n_embd": 20, "n_layer": 1}
    for step in STEPS:
        place = snapshot_path(run, step) if step < 300 else run / "model"
        place.mkdir(parents=True)
        build_random_model(tokenizer_directory, place, seed=step, **shape)
    checkpoint = run / "checkpoints" / "step-000000300"
    checkpoint.mkdir(parents=True)
    shutil.copy(run / "model" / "model.safetensors", checkpoint)
    (run / "events.jsonl").write_text(json.dumps({"type": "step", "step": 300}) + "\n")
    return run


def about(run: Path, step: int, **more):
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    return {"textDocument": {"uri": URI}, "version": 1, "range": whole, "run": str(run), "step": step, **more}


async def test_every_kept_step_scores_as_its_own_model_does(shared_client: Client, run: Path):
    """For a whole document, and for a paragraph inside it, whose context is what precedes it."""
    shared_client.open(URI, TEXT)
    found = await shared_client.request("tinylm/trainingEvents", {"run": str(run), "cursor": None})
    assert found["savedSteps"] == list(STEPS)
    for step in STEPS:
        model = LanguageModel.load(snapshot_path(run, step) if step < 300 else run / "model")
        expected = model.analyze(TEXT, 0).scores.surprisal_bits
        whole = await shared_client.request("tinylm/scoreSavedStep", about(run, step))
        assert whole["surprisalBits"] == pytest.approx(expected, abs=2e-5)
        assert whole["summary"]["surprisalBits"] == pytest.approx(expected.sum(), abs=1e-3)
        assert whole["summary"]["nBytes"] == len(TEXT.encode()) and whole["step"] == step
        inside = {"start": {"line": 2, "character": 5}, "end": {"line": 2, "character": 60}}
        part = await shared_client.request("tinylm/scoreSavedStep", about(run, step, range=inside))
        at = next(i for i in range(len(expected)) if whole["ids"][i : i + len(part["ids"])] == part["ids"])
        assert part["surprisalBits"] == whole["surprisalBits"][at : at + len(part["ids"])] and at > 0
    assert_same_shape(GOLDEN["scoreSavedStep"]["result"], part)


async def test_a_kept_step_becomes_the_model_in_use(shared_client: Client, run: Path):
    """A snapshot as it is; a checkpoint through a model made of it, with the same probabilities."""
    for step, name in ((7, "fox at step 7"), (300, "fox at step 300")):
        golden = GOLDEN["modelOfStep"]
        params = {"command": golden["params"]["command"], "arguments": [{"run": str(run), "step": step}]}
        found = await shared_client.request("workspace/executeCommand", params)
        assert_same_shape(golden["result"], found)
        model = LanguageModel.load(Path(found["path"]))
        assert Path(found["path"]) == snapshot_path(run, step) and model.name == name
    exported = LanguageModel.load(run / "model")
    assert (model.analyze(TEXT, 0).scores.logprob == exported.analyze(TEXT, 0).scores.logprob).all()


async def test_what_cannot_be_scored_is_refused_in_one_line(shared_client: Client, run: Path, tmp_path: Path):
    shared_client.open(URI, TEXT)
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    (snapshot_path(broken, 7) / "model.safetensors").write_bytes(b"no weights")
    empty = tmp_path / "empty"
    empty.mkdir()
    for params, message in [
        (about(run, 8), "-32803: .*step 8 are not kept"),
        (about(empty, 0), "-32803: .*step 0 are not kept"),
        (about(broken, 7), "-32803: .*model.safetensors: no safetensors file"),
        (about(run, 7, version=3), "-32801"),
        (about(Path("relative"), 7), "-32602"),
        ({**about(run, 7), "range": None}, "-32602"),
    ]:
        with pytest.raises(LspError, match=message):
            await shared_client.request("tinylm/scoreSavedStep", params)
