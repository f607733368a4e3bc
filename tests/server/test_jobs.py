"""Training jobs from the editor: progress, stop, resume, surviving a restart of the server, and the model's use."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from lsp_client import ROOT, Client, LspError
from test_golden import GOLDEN, assert_same_shape
from tinylm_server.job_driver import NICE, OOM_SCORE
from tinylm_server.job_files import JobRecord, Stage, write_record
from tinylm_server.job_progress import JobProgress, apply_event, finish

from tinylm.model.language_model import starter_model_directory

NAMES = ("Pip", "Tom", "Anna", "Lily", "Ben", "Mia", "Sue", "Max")
THINGS = ("bird", "boat", "fox", "stone", "ball", "kite", "frog", "small red hat")
TINY = {"nLayer": 1, "nHead": 2, "nEmbd": 16, "blockSize": 32, "batchSize": 2, "threads": 1, "vocabSize": 300}


@pytest.fixture
def tales(tmp_path: Path) -> str:
    path = tmp_path / "tales.txt"
    pairs = [(name, thing) for name in NAMES for thing in THINGS]
    stories = [f"Once upon a time {name} saw a {thing} by the river. {name} was happy.\n" for name, thing in pairs]
    path.write_text("<|endoftext|>\n".join(stories * 3), encoding="utf-8")
    return str(path)


def train_arguments(tales: str, run: Path, **more):
    return {"data": [tales], "tokenizer": None, "out": str(run), "steps": 20, "checkpointEvery": 5} | TINY | more


async def command(client: Client, name: str, *arguments):
    return await client.request(
        "workspace/executeCommand", {"command": f"tinylm.server.{name}", "arguments": list(arguments)}
    )


async def until(client: Client, *states: str):
    return await client.notification("tinylm/trainingProgress", lambda job: job["state"] in states)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_model_is_trained_and_used(client: Client, tales, tmp_path):
    """Tokenizer and model in one job; progress by notification and by progress bar; then the editor uses it."""
    client.timeout_s = 600
    run = tmp_path / "run"
    begun = await command(client, "trainModel", train_arguments(tales, run))
    assert begun["run"] == str(run)
    merged = await client.notification("tinylm/trainingProgress", lambda job: job["phase"] in ("merging", "loading"))
    assert (merged["jobId"], merged["kind"]) == (begun["jobId"], "model") and merged["fraction"] <= 0.15
    step = await client.notification("tinylm/trainingProgress", lambda job: job["step"])
    assert step["totalSteps"] == 20 and step["loss"] > 0 and 0.15 < step["fraction"] <= 1
    end = await until(client, "finished", "failed")
    assert (end["state"], end["model"]) == ("finished", str(run / "model")), end
    await client.notification("$/progress", lambda progress: progress["value"]["kind"] == "end")
    model = await command(client, "selectModel", {"path": end["model"]})
    assert (model["name"], model["vocabSize"], model["blockSize"]) == ("run", 300, 32)
    listed = await command(client, "listModels")
    assert {"path": str(run / "model"), "name": "run", "current": True} in listed
    client.open("untitled:a", "Once upon a time")
    hover = await client.request(
        "textDocument/hover", {"textDocument": {"uri": "untitled:a"}, "position": {"line": 0, "character": 2}}
    )
    assert "model run" in hover["contents"]["value"]


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_job_survives_the_server_is_stopped_and_resumed(client: Client, model_directory, tales, tmp_path):
    """Server killed, job goes on; the next server takes it up; the progress bar's cancel stops it; resume goes on."""
    client.timeout_s = 600
    run = tmp_path / "run"
    begun = await command(client, "trainModel", train_arguments(tales, run, steps=100_000))
    await client.notification("tinylm/trainingProgress", lambda job: job["step"])
    client.process.kill()
    await client.process.wait()
    second = await Client.start()
    second.timeout_s = 600
    second.settings = {"model": {"path": str(model_directory)}}
    await second.initialize()
    taken_up = await second.notification("tinylm/trainingProgress", lambda job: job["step"])
    assert taken_up["jobId"] == begun["jobId"]
    bar = await second.notification("$/progress", lambda params: params["value"]["kind"] == "report")
    second.notify("window/workDoneProgress/cancel", {"token": bar["token"]})
    stopped = await until(second, "interrupted", "failed")
    assert stopped["state"] == "interrupted", stopped
    with pytest.raises(LspError, match="holds no run to resume"):
        await command(second, "resumeTraining", {"run": str(tmp_path)})
    await command(second, "resumeTraining", {"run": str(run)})
    again = await second.notification(
        "tinylm/trainingProgress", lambda job: job["state"] == "running" and (job["step"] or 0) > stopped["step"]
    )
    assert again["run"] == str(run)
    with pytest.raises(LspError, match="is in use by job"):
        await command(second, "resumeTraining", {"run": str(run)})
    assert await command(second, "stopTraining", {"jobId": None}) == {"stopped": True}
    await until(second, "interrupted")
    assert await command(second, "stopTraining", {"jobId": again["jobId"]}) == {"stopped": False}
    assert await second.close() == 0


async def test_a_tokenizer_job_that_cannot_work_says_why(client: Client, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    out = tmp_path / "tokenizer"
    await command(client, "trainTokenizer", {"data": [str(empty)], "vocabSize": 300, "out": str(out)})
    end = await until(client, "failed", "finished")
    assert end["state"] == "failed" and "empty.txt" in end["message"] and end["model"] is None
    assert not out.exists()
    listed = await command(client, "listJobs")
    assert [job["state"] for job in listed if job["run"] == str(out)] == ["failed"]


async def stopped_while_counting(client: Client, job_id: str):
    """Wait until a job counts words, stop it, and return its last progress."""
    await client.notification(
        "tinylm/trainingProgress", lambda job: (job["jobId"], job["phase"]) == (job_id, "counting")
    )
    await command(client, "stopTraining", {"jobId": job_id})
    ends = ("interrupted", "finished", "failed")
    return await client.notification(
        "tinylm/trainingProgress", lambda job: job["jobId"] == job_id and job["state"] in ends
    )


async def test_a_tokenizer_that_was_stopped_is_resumed(client: Client, tmp_path):
    """Stopped while it counts; the resumed job has a diary of its own, with every merge, and comes to its end."""
    run = tmp_path / "tokenizer"
    begun = await command(client, "trainTokenizer", {"data": ["sample:8000"], "vocabSize": 300, "out": str(run)})
    stopped = await stopped_while_counting(client, begun["jobId"])
    assert stopped["state"] == "interrupted", stopped
    about = {"run": str(run), "cursor": None, "maxMerges": 100}
    before = await client.request("tinylm/tokenizerEvents", about)
    assert (before["phase"], before["merges"]) == ("ended", [])
    resumed = await command(client, "resumeTraining", {"run": str(run)})
    assert resumed["run"] == str(run) and resumed["jobId"] != stopped["jobId"]
    end = await until(client, "finished", "failed", "interrupted")
    assert (end["jobId"], end["kind"], end["state"]) == (resumed["jobId"], "tokenizer", "finished"), end
    told = await client.request("tinylm/tokenizerEvents", about | {"cursor": before["cursor"]})
    assert told["startsOver"] and [merge["rank"] for merge in told["merges"]] == [*range(1, 44)]
    with pytest.raises(LspError, match="holds no run to resume"):
        await command(client, "resumeTraining", {"run": str(run)})


async def test_a_model_that_was_stopped_before_its_tokenizer_was_there_is_resumed(client: Client, tmp_path):
    """The same job begins again, with what its tokenizer's training had kept."""
    run = tmp_path / "run"
    begun = await command(client, "trainModel", train_arguments("sample:8000", run))
    first = await stopped_while_counting(client, begun["jobId"])
    resumed = await command(client, "resumeTraining", {"run": str(run)})
    second = await stopped_while_counting(client, resumed["jobId"])
    assert [(job["kind"], job["state"]) for job in (first, second)] == [("model", "interrupted")] * 2, (first, second)


async def test_a_tokenizer_is_trained(client: Client, tales, tmp_path):
    out = tmp_path / "--tokenizer $(touch x); 'ö😀"
    begun = await command(client, "trainTokenizer", {"data": [tales], "vocabSize": 300, "out": str(out)})
    end = await until(client, "finished", "failed")
    assert (end["jobId"], end["kind"], end["state"]) == (begun["jobId"], "tokenizer", "finished"), end
    model = json.loads((out / "tokenizer.json").read_text("utf-8"))["model"]
    about = {"run": str(out), "cursor": None, "maxMerges": 20}
    told = await client.request("tinylm/tokenizerEvents", about)
    assert_same_shape(GOLDEN["tokenizerEvents"]["result"], told)
    assert (told["phase"], told["totalMerges"], told["startsOver"]) == ("ended", 43, True)
    assert [merge["rank"] for merge in told["merges"]] == list(range(24, 44))
    assert [[merge["left"], merge["right"]] for merge in told["merges"]] == model["merges"][23:]
    counts = [merge["count"] for merge in told["merges"]]
    assert counts == sorted(counts, reverse=True) and counts[-1] > 0
    again = await client.request("tinylm/tokenizerEvents", {**about, "cursor": told["cursor"]})
    assert (again["merges"], again["startsOver"], again["totalMerges"]) == ([], False, None)
    seen = await client.request("tinylm/trainingEvents", {"run": str(out), "cursor": None})
    assert (seen["state"], seen["savedSteps"]) == ("finished", [])
    with pytest.raises(LspError, match=r"-32803: .*no tokenizer is trained here"):
        await client.request("tinylm/tokenizerEvents", {"run": str(tmp_path), "cursor": None})


def test_a_job_gives_way_to_the_editor(tmp_path):
    """What a stage computes runs at the driver's low priority, and is the first to go where memory runs out."""
    read = "import os; print(os.nice(0) - int(os.environ['OURS']), open('/proc/self/oom_score_adj').read())"
    command = [sys.executable, "-c", read]
    (tmp_path / "job.json").write_text(json.dumps({"stages": [{"command": command}]}))
    driver = [sys.executable, "-m", "tinylm_server.job_driver", str(tmp_path)]
    ours = {**os.environ, "OURS": str(os.nice(0)), "PYTHONPATH": str(ROOT / "server")}
    told = subprocess.run(driver, capture_output=True, text=True, env=ours, check=True)
    assert list(map(int, told.stdout.split())) == [min(NICE, 19 - os.nice(0)), OOM_SCORE]
    assert json.loads((tmp_path / "end.json").read_text()) == {"code": 0, "stage": 0}


async def test_completions_rest_during_a_training_if_the_user_wants(bare_client, model_directory, state_directory):
    """A job that another server left goes on; with its end they come back. By hand, ghost text comes at any time."""
    record = JobRecord("resting", "tokenizer", "/run", 0.0, "", [Stage("tokenizer", ["true"], "/e")], None)
    write_record(record)
    driver = record.directory / "driver.json"
    me = psutil.Process()
    driver.write_text(json.dumps({"pid": me.pid, "created": me.create_time()}))
    client = bare_client
    client.settings = {"model": {"path": str(model_directory)}, "training": {"pauseCompletions": True}}
    await client.initialize()
    await client.ready()
    client.open("untitled:a", "Once upon a")
    place = {"textDocument": {"uri": "untitled:a"}, "position": {"line": 0, "character": 11}}

    async def automatic():
        return await client.request("textDocument/inlineCompletion", {**place, "context": {"triggerKind": 2}})

    assert await client.request("textDocument/completion", place) is None and await automatic() is None
    by_hand = await client.request("textDocument/inlineCompletion", {**place, "context": {"triggerKind": 1}})
    assert by_hand["items"] is not None
    driver.unlink()
    await until(client, "failed")
    assert (await client.request("textDocument/completion", place))["items"]
    assert await automatic() is not None
    assert await client.close() == 0


async def test_a_job_is_stopped_the_moment_it_was_started(client: Client, tales, tmp_path):
    """Before its process has said who it is, and before anything could be saved."""
    begun = await command(client, "trainModel", train_arguments(tales, tmp_path / "run"))
    assert await command(client, "stopTraining", {"jobId": begun["jobId"]}) == {"stopped": True}
    end = await until(client, "interrupted", "failed", "finished")
    assert end["state"] == "interrupted", end


async def test_a_run_from_the_starter_model_trains_no_tokenizer(client: Client, tales, tmp_path, state_directory):
    arguments = {"data": [tales], "out": str(tmp_path / "run"), "initFrom": "", "steps": 100_000}
    begun = await command(client, "trainModel", arguments)
    (stage,) = json.loads((state_directory / "tinylm" / "jobs" / begun["jobId"] / "job.json").read_text())["stages"]
    assert stage["kind"] == "model" and f"--init-from={starter_model_directory()}" in stage["command"]
    assert not any(word.startswith(("--tokenizer", "--vocab-size")) for word in stage["command"])
    await command(client, "stopTraining", {"jobId": begun["jobId"]})
    end = await until(client, "interrupted", "failed", "finished")
    assert end["state"] == "interrupted", end


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (-9, "was killed by signal 9, probably out of memory (a new run with a smaller batch needs less)"),
        (-11, "was killed by signal 11"),
        (None, "vanished, probably out of memory (a new run with a smaller batch needs less)"),
    ],
)
def test_a_killed_process_is_told_with_the_likely_reason(code, how):
    progress = JobProgress("1", "model", "/run")
    finish(progress, code, "", None)
    assert progress.state == "failed"
    assert progress.message == f"the training process {how}; resume goes on at the last checkpoint"


async def test_a_vanished_process_is_a_failure_with_advice(client: Client, tales, tmp_path, state_directory):
    client.timeout_s = 200
    begun = await command(client, "trainModel", train_arguments(tales, tmp_path / "run", steps=100_000))
    driver = state_directory / "tinylm" / "jobs" / begun["jobId"] / "driver.json"
    await until(client, "running")
    pid = json.loads(driver.read_text())["pid"]
    os.killpg(pid, signal.SIGKILL)
    end = await until(client, "failed")
    assert "killed by signal 9" in end["message"] and "resume" in end["message"]


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("trainModel", None),
        ("trainModel", []),
        ("trainModel", {"data": "sample", "out": "/x"}),
        ("trainModel", {"data": [], "out": "/x"}),
        ("trainModel", {"data": ["sample"], "out": "relative"}),
        ("trainModel", {"data": ["sample"], "out": "/x\nrm"}),
        ("trainModel", {"data": ["sample"], "out": "/x", "size": "huge"}),
        ("trainModel", {"data": ["sample"], "out": "/x", "initFrom": "relative"}),
        ("trainModel", {"data": ["sample"], "out": "/x", "initFrom": "", "size": "tiny"}),
        ("trainModel", {"data": ["sample"], "out": "/x", "steps": "--resume"}),
        ("trainTokenizer", {"data": ["sample"], "out": "/x", "vocabSize": 12}),
        ("trainTokenizer", {"data": [7], "out": "/x"}),
        ("resumeTraining", {"run": 5}),
        ("stopTraining", {"jobId": 7}),
        ("selectModel", {"path": "relative"}),
        ("selectModel", 7),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_hostile_arguments_are_refused_before_anything_starts(shared_client: Client, name, argument):
    with pytest.raises(LspError, match="-32602"):
        await command(shared_client, name, argument)
    assert len(psutil.Process(shared_client.process.pid).children()) == 1


async def test_selecting_what_is_no_model_keeps_the_old_one(client: Client, tmp_path):
    with pytest.raises(LspError, match="-32803"):
        await command(client, "selectModel", {"path": str(tmp_path)})
    assert (await command(client, "listModels"))[-1]["current"] is True


def test_events_become_progress():
    """A job of two stages: the tokenizer takes the first 15 % of the bar."""
    progress = JobProgress("a", "model", "/run")
    apply_event(progress, {"type": "progress", "phase": "counting", "fraction": 0.5}, 0, 2)
    assert progress.fraction == pytest.approx(0.15 * 0.25) and progress.state == "running"
    apply_event(progress, {"type": "progress", "phase": "merging", "fraction": 1.0}, 0, 2)
    assert progress.fraction == pytest.approx(0.15)
    apply_event(progress, {"type": "end", "reason": "finished", "message": "300 entries"}, 0, 2)
    assert not progress.is_done and progress.phase == "loading"
    apply_event(progress, {"type": "step", "step": 5, "totalSteps": 10, "loss": 2.5, "secondsLeft": 100.0}, 1, 2)
    assert (progress.message, progress.fraction) == ("step 5 of 10, loss 2.50, 2 min left", pytest.approx(0.575))
    apply_event(progress, {"type": "step", "step": 6, "totalSteps": 10, "loss": float("nan")}, 1, 2)
    assert progress.loss is None
    apply_event(progress, {"type": "end", "reason": "finished", "message": "10 steps done"}, 1, 2)
    assert progress.is_done and "isDone" not in progress.to_json()


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (0, "finished"),
        (130, "interrupted"),
        (143, "interrupted"),
        (-15, "interrupted"),
        (3, "failed"),
        (-9, "failed"),
        (None, "failed"),
    ],
)
def test_the_exit_code_decides_how_a_job_ended(code, state):
    progress = JobProgress("a", "model", "/run", state="running")
    finish(progress, code, "tales.txt is empty", None)
    assert progress.state == state and progress.message


def test_a_recycled_process_number_is_not_alive(state_directory):
    record = JobRecord("recycled", "model", "/run", 0.0, "", [Stage("model", ["true"], "/e")], None)
    write_record(record)
    assert not record.is_alive()
    driver = record.directory / "driver.json"
    me = psutil.Process()
    driver.write_text(json.dumps({"pid": me.pid, "created": me.create_time()}))
    assert record.is_alive()
    driver.write_text(json.dumps({"pid": me.pid, "created": me.create_time() - 5}))
    assert not record.is_alive()
    (record.directory / "seen").touch()
