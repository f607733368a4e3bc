"""Ghost text over stdio, against the library itself: what comes, what it costs, what may not come."""

import asyncio
import json

import psutil
import pytest
from lsp_client import ROOT, Client, LspError
from tinylm_server.line_index import width

from tinylm.model.continuation import Limits, continue_differently, continue_text
from tinylm.model.language_model import LanguageModel
from tinylm.tokens.byte_level import is_harmless

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:story"
TEXT = "😀\r\nA little bird s"
LIMITS = Limits(min_confidence=0.0)
SURE_OF_ALL = {"inlineCompletion": {"minConfidence": 0}}


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def end_of(text):
    lines = text.replace("\r\n", "\n").split("\n")
    return {"line": len(lines) - 1, "character": width(lines[-1], "utf-16")}


def asking(position, kind=2, **context):
    return {"textDocument": {"uri": URI}, "position": position, "context": {"triggerKind": kind, **context}}


async def use(client: Client, **settings):
    """Make the client's settings these, beside its model, and wait until the server uses them."""
    client.settings = {"model": client.settings["model"], **SURE_OF_ALL, **settings}
    client.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": client.settings}})


async def ghosts(client: Client, text, kind=2):
    """Open a text and return the ghost texts at its end."""
    client.open(URI, text)
    reply = await client.request("textDocument/inlineCompletion", asking(end_of(text), kind))
    return None if reply is None else [item["insertText"] for item in reply["items"]]


async def told(client: Client, position=None):
    params = {"textDocument": {"uri": URI}, "position": position or {"line": 0, "character": 0}}
    return await client.request("tinylm/ghostText", params)


async def n_steps(client: Client):
    return (await told(client))["counts"]["decodeSteps"]


async def test_it_is_the_librarys_continuation(shared_client: Client, model):
    await use(shared_client)
    shared_client.open(URI, TEXT)
    reply = await shared_client.request("textDocument/inlineCompletion", asking(end_of(TEXT)))
    expected = continue_text(model, TEXT, limits=LIMITS).text
    where = {"line": 1, "character": 15}
    assert reply == {"items": [{"insertText": expected, "range": {"start": where, "end": where}}]}
    assert len(expected) > 5


async def test_typing_along_deleting_and_coming_back_cost_no_step_of_the_model(shared_client: Client):
    await use(shared_client)
    (whole,) = await ghosts(shared_client, TEXT)
    before = await n_steps(shared_client)
    places = [*range(1, len(whole)), *range(len(whole) - 2, 0, -3)]
    for n_typed in places:
        assert await ghosts(shared_client, TEXT + whole[:n_typed]) == [whole[n_typed:]]
    assert await n_steps(shared_client) == before
    await ghosts(shared_client, "Pip said, ")
    assert await n_steps(shared_client) > before
    before = await n_steps(shared_client)
    assert await ghosts(shared_client, TEXT) == [whole]
    assert await n_steps(shared_client) == before


async def test_its_tokens_and_probabilities_are_told_also_of_its_rest(shared_client: Client, model):
    await use(shared_client)
    (whole,) = await ghosts(shared_client, TEXT)
    expected = continue_text(model, TEXT, limits=LIMITS)
    (told_now,) = (await told(shared_client, end_of(TEXT)))["suggestions"]
    assert told_now["text"] == whole == "".join(token["text"] for token in told_now["tokens"])
    assert told_now["logprob"] == pytest.approx(sum(step.logprob for step in expected.steps), abs=1e-3)
    shared_client.change(URI, 2, {"text": TEXT + whole[:1]})
    (rest,) = (await told(shared_client, end_of(TEXT + whole[:1])))["suggestions"]
    assert rest["text"] == whole[1:]
    assert rest["tokens"][1:] == told_now["tokens"][-len(rest["tokens"]) + 1 :]


async def test_what_is_told_has_the_shape_of_its_golden_file(shared_client: Client):
    golden = json.loads((ROOT / "tests" / "golden" / "ghostText.json").read_text("utf-8"))["result"]
    await use(shared_client)
    await ghosts(shared_client, TEXT)
    result = await told(shared_client, end_of(TEXT))
    suggestion, token = result["suggestions"][0], result["suggestions"][0]["tokens"][0]
    assert result.keys() == golden.keys() and result["counts"].keys() == golden["counts"].keys()
    assert suggestion.keys() == golden["suggestions"][0].keys()
    assert token.keys() == golden["suggestions"][0]["tokens"][0].keys()


async def test_asked_by_hand_it_offers_several_that_differ(shared_client: Client, model):
    """The first is the one that was shown; typing along another keeps that one."""
    await use(shared_client)
    (shown,) = await ghosts(shared_client, TEXT)
    several = await ghosts(shared_client, TEXT, kind=1)
    others = continue_differently(model, TEXT, [shown], 2, limits=LIMITS)
    assert several == [shown, *(other.text for other in others)]
    assert len(several) == 3 and all(is_harmless(text) for text in several)
    before = await n_steps(shared_client)
    assert await ghosts(shared_client, TEXT, kind=1) == several
    assert await ghosts(shared_client, TEXT + several[1][:1]) == [several[1][1:]]
    assert await n_steps(shared_client) == before


async def test_it_follows_the_selected_item_of_the_list(shared_client: Client, model):
    await use(shared_client)
    shared_client.open(URI, TEXT)
    where = {"start": {"line": 1, "character": 14}, "end": {"line": 1, "character": 15}}
    context = {"selectedCompletionInfo": {"range": where, "text": "sa"}}
    reply = await shared_client.request("textDocument/inlineCompletion", asking(end_of(TEXT), **context))
    expected = continue_text(model, TEXT[:-1] + "sa", limits=LIMITS).text
    assert reply == {"items": [{"insertText": "sa" + expected, "range": where}]}


@pytest.mark.parametrize(
    ("language", "text", "column", "kind", "comes"),
    [
        ("plaintext", "the sm all", 6, 2, False),
        ("plaintext", 'the sm."', 6, 2, True),
        ("python", "the sm", 6, 2, False),
        ("python", "the sm", 6, 1, True),
        ("text", "the sm", 6, 2, True),
        ("markdown", "the sm", 6, 2, True),
    ],
)
async def test_it_comes_only_where_it_does_not_disturb(shared_client: Client, language, text, column, kind, comes):
    shared_client.open(URI, text, language=language)
    params = asking({"line": 0, "character": column}, kind)
    assert (await shared_client.request("textDocument/inlineCompletion", params) is not None) == comes


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
async def test_its_lines_are_as_many_as_the_settings_say(shared_client: Client, line_end):
    """Any line end stands before the cursor; what is offered ends its lines with LF, which editors make their own."""
    await use(shared_client, inlineCompletion={"minConfidence": 0, "maxLines": 3, "maxTokens": 60})
    several = await ghosts(shared_client, f"One.{line_end}Two.{line_end}Th", kind=1)
    assert several and all(text.count("\n") < 3 and "\r" not in text for text in several)
    assert all(is_harmless(text) for text in several)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", {"line": 0, "character": 0}),
        ("A 😀 b", {"line": 0, "character": 3}),
        ("one\r\ntwo", {"line": 0, "character": 4}),
        ("one\r\ntwo", {"line": 7, "character": 7}),
        ("\ud800", {"line": 0, "character": 1}),
        ("日本" * 400, {"line": 0, "character": 800}),
        ("Once upon a time " * 500, {"line": 0, "character": 8500}),
    ],
)
async def test_any_place_in_any_text_has_an_answer(shared_client: Client, text, position):
    """Empty, inside an emoji, inside a CRLF, beyond the end, half a character, no spaces, longer than the context."""
    await use(shared_client)
    shared_client.open(URI, text)
    reply = await shared_client.request("textDocument/inlineCompletion", asking(position, kind=1))
    for item in reply["items"]:
        assert is_harmless(item["insertText"])
        assert item["range"]["start"] == item["range"]["end"]


async def test_absurd_settings_are_replaced_and_named(shared_client: Client):
    absurd = {"minConfidence": 7, "maxTokens": 0, "maxDelay": -1, "suggestions": "many", "languages": "*"}
    shared_client.expected_popups = len(absurd) * 2  # told by the notification and by the answer of the client
    await use(shared_client, inlineCompletion=absurd)
    assert await ghosts(shared_client, TEXT) is not None
    shared_client.expected_popups = 0


async def test_the_newest_request_ends_the_one_that_runs(shared_client: Client):
    """While the worker hangs three requests come: the first two are told that they were overtaken."""
    await use(shared_client)
    shared_client.open(URI, "Nobody has been here before")
    worker = only_child(shared_client)
    worker.suspend()
    try:
        running = [
            shared_client.send_request("textDocument/inlineCompletion", asking({"line": 0, "character": at}, kind=1))[1]
            for at in (15, 14, 13)
        ]
        for older in running[:2]:
            with pytest.raises(LspError, match=r"-32801.*overtaken"):
                await older
        assert not running[2].done()
    finally:
        worker.resume()
    assert "items" in await running[2]


async def test_a_storm_is_answered_once_each_and_costs_a_bounded_number_of_steps(shared_client: Client):
    """A thousand keystrokes at once, every request but the last cancelled by the next one.

    They cost less than one step each, where a suggestion takes 24; memory stays where it was. (It grows once, when the
    worker loads machine code in an idle moment; what leaks grows every time.)
    """
    await use(shared_client)
    await ghosts(shared_client, TEXT)
    front, worker = psutil.Process(shared_client.process.pid), only_child(shared_client)
    grown = []
    for storm in range(3):
        steps = await n_steps(shared_client)
        memory = [process.memory_info().rss for process in (front, worker)]
        answers = await a_storm(shared_client, 1000, first_version=10_000 * (storm + 1))
        codes = [answer.code for answer in answers if isinstance(answer, LspError)]
        assert set(codes) <= {-32800, -32801}
        assert len(codes) + sum(isinstance(answer, dict) for answer in answers) == 1000
        assert isinstance(answers[-1], dict)
        assert await n_steps(shared_client) - steps < 1000
        grown.append(
            [process.memory_info().rss - before for process, before in zip((front, worker), memory, strict=True)]
        )
    assert all(min(of_process) < 2e6 for of_process in zip(*grown, strict=True)), grown
    counts = (await told(shared_client))["counts"]
    assert counts["wastedSteps"] <= counts["decodeSteps"]
    assert counts["asked"] >= counts["known"] + counts["computed"]


async def a_storm(client: Client, n_keys, first_version):
    client.open(URI, "", first_version)
    waiting, text, last_id = [], "", None
    for key in range(n_keys):
        text += "abcdefgh "[key % 9]
        where = {"line": 0, "character": len(text) - 1}
        client.change(URI, first_version + key + 1, {"range": {"start": where, "end": where}, "text": text[-1]})
        if last_id is not None:
            client.notify("$/cancelRequest", {"id": last_id})
        last_id, answer = client.send_request("textDocument/inlineCompletion", asking(end_of(text)))
        waiting.append(answer)
    return await asyncio.gather(*waiting, return_exceptions=True)


def only_child(client: Client) -> psutil.Process:
    (worker,) = psutil.Process(client.process.pid).children()
    return worker
