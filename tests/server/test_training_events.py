"""`tinylm/trainingEvents`: a run's diary over the wire, whole, from a cursor on, thinned, rewound and damaged."""

import json
import re
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_client import Client, LspError
from test_golden import GOLDEN, assert_same_shape

from tinylm.model.config import load_config
from tinylm.training.events import rewind_events
from tinylm.training.thinning import Thinner

in_one_loop = pytest.mark.asyncio(loop_scope="module")  # that of the shared client


def step(number, **more):
    values = {"loss": 9 - number / 100, "learningRate": 0.006, "gradNorm": 1.0, "tokensPerSecond": 1e3, "time": 5.0}
    return {"type": "step", "step": number, "totalSteps": 300, "secondsLeft": 300 - number, **values, **more}


START = {"type": "start", "step": 0, "totalSteps": 300}
READY = {"type": "progress", "phase": "ready", "nParameters": 1000}


def evaluation(number):
    return {"type": "evaluation", "step": number, "validationLoss": 3.5, "bitsPerByte": 1.3, "sample": "Once ↵ 😀"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def append(run: Path, *events, tail: str = "") -> None:
    with (run / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(event) + "\n" for event in events) + tail)


async def ask(client: Client, run: Path, cursor=None, **more):
    return await client.request("tinylm/trainingEvents", {"run": str(run), "cursor": cursor, **more})


@in_one_loop
async def test_a_run_is_sent_once_and_then_only_what_is_new(shared_client: Client, run):
    """Nobody of this server trains it, and its last line is torn: an interrupted run, shown as far as it is whole."""
    append(run, START, READY, step(1), step(2, loss=float("nan")), evaluation(2), tail='{"type":"st')
    first = await ask(shared_client, run)
    golden = {**GOLDEN["trainingEvents"]["result"], "jobId": None, "model": None}
    assert_same_shape(golden, {**first, "steps": {**first["steps"], "loss": [8.99]}})
    assert (first["startsOver"], first["state"], first["jobId"], first["model"]) == (True, "interrupted", None, None)
    assert (first["totalSteps"], first["nParameters"], first["secondsLeft"]) == (300, 1000, 298)
    assert first["steps"]["step"] == [1, 2] and first["steps"]["loss"] == [8.99, None]
    assert first["evaluations"] == [{"step": 2, "validationLoss": 3.5, "bitsPerByte": 1.3, "sample": "Once ↵ 😀"}]
    again = await ask(shared_client, run, first["cursor"])
    assert (again["startsOver"], again["steps"]["step"], again["evaluations"]) == (False, [], [])
    append(run, tail='ep"}\n')
    append(run, step(3), {"type": "end", "reason": "finished", "message": "3 steps", "model": None})
    later = await ask(shared_client, run, again["cursor"])
    assert (later["startsOver"], later["steps"]["step"], later["totalSteps"]) == (False, [3], None)
    assert (later["state"], later["message"]) == ("finished", "3 steps")


@in_one_loop
async def test_a_rewound_run_starts_over(shared_client: Client, run):
    append(run, START, *(step(n) for n in range(1, 9)))
    cursor = (await ask(shared_client, run))["cursor"]
    rewind_events(run / "events.jsonl", 5)
    append(run, {**START, "step": 5}, *(step(n, time=9.0) for n in range(6, 12)))
    found = await ask(shared_client, run, cursor)
    assert found["startsOver"] and found["steps"]["step"] == list(range(1, 12))


@in_one_loop
async def test_damaged_lines_are_counted_once_and_cost_only_themselves(shared_client: Client, run):
    append(run, START, step(1), tail='{"type": "st\x00\n[3]\n')
    append(run, step(2))
    first = await ask(shared_client, run)
    assert (first["nUnreadable"], first["steps"]["step"]) == (2, [1, 2])
    append(run, step(3), tail="?\n")
    later = await ask(shared_client, run, first["cursor"])
    assert (later["startsOver"], later["nUnreadable"], later["steps"]["step"]) == (False, 1, [3])
    assert (await ask(shared_client, run))["nUnreadable"] == 3


@in_one_loop
async def test_a_long_run_is_thinned_and_others_are_answered_meanwhile(shared_client: Client, run):
    append(run, START, *(step(n, gradNorm=50.0 if n == 12_345 else 1.0) for n in range(1, 20_001)))
    found = await ask(shared_client, run, maxPoints=100)
    columns = found["steps"]
    assert 50 <= len(columns["step"]) <= 100 and columns["step"][-1] == 20_000
    assert {len(column) for column in columns.values()} == {len(columns["step"])}
    assert max(columns["gradNorm"]) == 50.0


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"run": "relative"}, -32602),
        ({"run": 5}, -32602),
        ({"run": "/x", "maxPoints": 1}, -32602),
        ({"run": "/x", "cursor": 7}, -32602),
        ({"run": "/nowhere/at/all"}, -32803),
    ],
)
@in_one_loop
async def test_what_is_no_run_is_refused(shared_client: Client, params, code):
    with pytest.raises(LspError, match=str(code)):
        await shared_client.request("tinylm/trainingEvents", params)


@in_one_loop
async def test_a_cursor_of_nobody_gives_everything(shared_client: Client, run):
    append(run, START, step(1))
    for cursor in ("nonsense", "5-deadbeef", "99999999-00"):
        found = await ask(shared_client, run, cursor)
        assert found["startsOver"] and found["steps"]["step"] == [1]


@settings(max_examples=80, deadline=None)
@given(n=st.integers(0, 700), most=st.integers(2, 60), again=st.lists(st.integers(1, 700), max_size=2))
def test_thinned_points_hold_every_step_once(n, most, again):
    """Groups follow each other without a gap, each mean is that of its steps, and a repeated step replaces."""
    thinner = Thinner(most)
    for number in range(1, n + 1):
        thinner.add(step(number, loss=float(number), gradNorm=float(number % 7)))
    points, first = thinner.points, 1
    assert len(points) <= most and (len(points) >= min(n, most // 2))
    for point in points:
        steps = range(first, point.step + 1)
        assert len(steps) == point.n_steps > 0
        assert point.loss == pytest.approx(sum(steps) / len(steps))
        assert point.grad_norm == max(number % 7 for number in steps)
        first = point.step + 1
    assert first == n + 1
    for number in again:
        thinner.add(step(number))
        assert thinner.points[-1].step == number and len(thinner.points) <= most
        assert all(a.step < b.step for a, b in zip(thinner.points, thinner.points[1:], strict=False))


@pytest.mark.slow
@pytest.mark.timeout(600)
@in_one_loop
async def test_an_estimate_has_the_shape_of_its_golden_file(shared_client: Client, model_directory, tmp_path):
    """It is a dry run of the same options, from a model too: nothing is written, a text learned by heart is told of,
    and what cannot be trained is refused in one line."""
    golden = GOLDEN["estimateTraining"]
    asked = {
        **golden["params"]["arguments"][0],
        "out": str(tmp_path / "run"),
        "budget": None,
        "steps": 70_000,
        "size": "tiny",
    }
    asked |= {"data": ["sample:50"], "threads": 1, "nEmbd": 24, "blockSize": 16, "batchSize": 2}
    params = {"command": golden["params"]["command"], "arguments": [asked]}
    shared_client.timeout_s = 500  # torch is imported twice
    found = await shared_client.request("workspace/executeCommand", params)
    assert_same_shape(golden["result"], found)
    assert (found["steps"], found["nEmbd"], found["vocabSize"], found["tokensPerStep"]) == (70_000, 24, 8192, 64)
    assert re.match(r"about [\d,]+ tokens, read [\d,]+ times, will be learned by heart; ", found["warning"])
    asked |= {"initFrom": str(model_directory), "size": None, "nEmbd": None, "blockSize": None, "steps": 7}
    found = await shared_client.request("workspace/executeCommand", params)
    model = load_config(model_directory)
    assert [found[name] for name in ("nLayer", "nHead", "nEmbd", "blockSize", "vocabSize", "steps", "warning")] == [
        *(model.n_layer, model.n_head, model.n_embd, model.block_size, model.vocab_size, 7, None)
    ]
    assert list(tmp_path.iterdir()) == []
    asked["data"] = [str(tmp_path / "missing.txt")]
    with pytest.raises(LspError, match=r"-32803.*missing\.txt"):
        await shared_client.request("workspace/executeCommand", params)


@in_one_loop
async def test_a_cancelled_estimate_ends_what_it_measures_with(shared_client: Client, tmp_path):
    """The process of the probe is gone when the cancel has been answered."""
    server = psutil.Process(shared_client.process.pid)
    asked = {"data": ["sample:50"], "out": str(tmp_path / "run"), "size": "base", "steps": 7}
    params = {"command": "tinylm.server.estimateTraining", "arguments": [asked]}
    request_id, running = shared_client.send_request("workspace/executeCommand", params)
    probes: list[psutil.Process] = []
    while not probes:  # each look waits for an answer of the server
        await shared_client.request("workspace/executeCommand", {"command": "tinylm.server.listJobs", "arguments": []})
        probes = [each for each in server.children() if "--dry-run" in each.cmdline()]
    shared_client.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(LspError, match="-32800"):
        await running
    gone, alive = psutil.wait_procs(probes, timeout=30)
    assert gone and not alive
