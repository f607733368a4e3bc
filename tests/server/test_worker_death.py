"""The worker may die at any time: requests in flight get an error, tokens keep working, it comes back."""

import asyncio
import os
import signal

import psutil
import pytest
from lsp_client import Client, LspError

URI = "untitled:story"
TEXT = "Once upon a time there was a small fox named Pip who lived near the river. " * 30


async def test_a_killed_worker_fails_what_runs_and_comes_back(client: Client):
    client.open(URI, TEXT)
    _, running = client.send_request("tinylm/generate", generate_params(5000))
    await client.notification("tinylm/generationStep")
    worker = only_child(client)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(LspError, match="the inference worker died; it restarts, please try again"):
        await running
    down = await client.notification("tinylm/status", lambda status: status["state"] == "degraded")
    assert down["tokenizer"] is not None
    reply = await client.request("tinylm/tokens", tokens_params())
    assert reply["nTokens"] > 100
    up = await client.ready()
    assert up["workerRestarts"] == 1
    assert only_child(client).pid != worker.pid
    reply = await client.request("tinylm/tokens", tokens_params(scores=True))
    assert len(reply["scores"]["rank"]) == reply["nTokens"]


async def test_tokens_work_while_the_worker_is_stopped_and_hover_waits_for_nobody_else(client: Client):
    """A worker that hangs (SIGSTOP) holds up what needs it, and nothing else."""
    client.open(URI, TEXT)
    worker = only_child(client)
    worker.suspend()
    try:
        _, waiting = client.send_request("textDocument/hover", at(0, 3))
        reply = await client.request("tinylm/tokens", tokens_params())
        assert reply["scores"] is None and reply["nTokens"] > 100
        assert not waiting.done()
    finally:
        worker.resume()
    assert "surprisal" in (await waiting)["contents"]["value"]


async def test_a_scoring_whose_worker_dies_still_brings_the_tokens(client: Client):
    client.open(URI, TEXT)
    worker = only_child(client)
    worker.suspend()
    _, waiting = client.send_request("tinylm/tokens", tokens_params(scores=True))
    await client.request("tinylm/tokens", tokens_params())  # so the scoring is on its way
    worker.kill()
    reply = await waiting
    assert reply["scores"] is None and reply["nTokens"] > 100
    assert "worker died" in reply["note"]


async def test_a_worker_that_dies_five_times_stays_down_until_asked(client: Client):
    client.open(URI, TEXT)
    for _ in range(5):
        only_child(client).kill()
        state = await client.notification(
            "tinylm/status", lambda status: status["state"] == "ready" or "five times" in status["message"]
        )
    assert state["state"] == "degraded"
    hover = await client.request("textDocument/hover", at(0, 3))
    assert "No probabilities" in hover["contents"]["value"]
    reply = await client.request("tinylm/tokens", tokens_params(scores=True))
    assert reply["scores"] is None and "five times" in reply["note"]
    await client.request("workspace/executeCommand", {"command": "tinylm.server.restartWorker", "arguments": []})
    await client.ready()


async def test_cancelling_stops_the_model_before_its_next_token(client: Client):
    """After the cancel is answered no further step arrives, and the worker is free for the next request."""
    client.open(URI, TEXT)
    request_id, running = client.send_request("tinylm/generate", generate_params(100_000))
    await client.notification("tinylm/generationStep")
    client.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(LspError, match="-32800"):
        await running
    client.notifications.clear()
    assert await client.request("textDocument/hover", at(0, 3))
    cpu = only_child(client).cpu_times()
    assert not [message for message in client.notifications if message["method"] == "tinylm/generationStep"]
    assert only_child(client).cpu_times().user - cpu.user < 0.5


async def test_a_hover_passes_a_long_generation(client: Client):
    """The worker takes the more urgent request between two tokens."""
    client.open(URI, TEXT)
    request_id, running = client.send_request("tinylm/generate", generate_params(100_000))
    await client.notification("tinylm/generationStep")
    assert "rank" in (await client.request("textDocument/hover", at(0, 30)))["contents"]["value"]
    assert not running.done()
    client.notify("$/cancelRequest", {"id": request_id})
    with pytest.raises(LspError, match="-32800"):
        await running


async def test_the_newest_of_many_requests_wins(client: Client):
    """Of ten scorings at once the first and the last are answered; those between are overtaken."""
    client.open(URI, TEXT)
    waiting = [client.send_request("tinylm/tokens", tokens_params(scores=True))[1] for _ in range(10)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[-1], dict) and isinstance(results[0], dict)
    assert all(isinstance(result, dict) or result.code == -32801 for result in results)
    assert sum(isinstance(result, dict) for result in results) <= 3


async def test_an_edit_during_a_scoring_makes_it_content_modified(client: Client):
    client.open(URI, TEXT)
    worker = only_child(client)
    worker.suspend()
    _, waiting = client.send_request("tinylm/tokens", tokens_params(scores=True))
    client.change(URI, 2, {"text": "new"})
    await client.request("tinylm/tokens", tokens_params(version=2))
    worker.resume()
    with pytest.raises(LspError, match="-32801"):
        await waiting


def generate_params(max_tokens):
    return {**at(0, 20), "version": 1, "maxTokens": max_tokens, "temperature": 1, "topK": 0, "topP": 1, "seed": 1,
            "streamId": "g1"}  # fmt: skip


def tokens_params(version=1, scores=False):
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    return {"textDocument": {"uri": URI}, "version": version, "ranges": [everything], "scores": scores}


def at(line, column):
    return {"textDocument": {"uri": URI}, "position": {"line": line, "character": column}}


def only_child(client: Client) -> psutil.Process:
    (worker,) = psutil.Process(client.process.pid).children()
    return worker
