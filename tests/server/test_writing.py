"""Completion, code actions and generation over stdio, against the library itself."""

import re

import pytest
from lsp_client import Client, LspError
from tinylm_server.line_index import width

from tinylm.analysis.markdown import code_span
from tinylm.analysis.wording import percent
from tinylm.model.completion import complete_words, word_parts
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:story"
TEXT = "The end 😀.\r\nOnce upon a time there was a small fo"


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def at_end(text=TEXT, **more):
    lines = text.split("\n")
    position = {"line": len(lines) - 1, "character": width(lines[-1], "utf-16")}
    return {"textDocument": {"uri": URI}, "position": position, **more}


async def test_completion_replaces_the_typed_word_by_plain_text(shared_client: Client, model):
    """The whole list: label, filter, order, edit and probability of each word."""
    shared_client.open(URI, TEXT)
    reply = await shared_client.request("textDocument/completion", at_end())
    words = complete_words(model, TEXT, 8).words
    assert reply["isIncomplete"] is True
    assert len(reply["items"]) == len(words) > 3
    for idx, (item, word) in enumerate(zip(reply["items"], words, strict=True)):
        assert item["sortText"] == f"{idx:04}"
        assert item["insertTextFormat"] == 1
        assert item["filterText"] == item["textEdit"]["newText"] == "fo" + word.text
        assert item["textEdit"]["range"] == {
            "start": {"line": 1, "character": 35},
            "end": {"line": 1, "character": 37},
        }
        assert item["label"] == (f"·{word.text[1:]}" if word.text.startswith(" ") else "fo" + word.text)
        assert item["detail"].startswith("probability ") and "token" in item["detail"]
    assert reply["items"][0]["label"].startswith("fo")


async def test_a_proposal_tells_what_its_probability_is_made_of(shared_client: Client, model):
    """Tokens with their probabilities, which multiply to that of the item, and what was likely in their place."""
    shared_client.open(URI, TEXT, 5)
    reply = await shared_client.request("textDocument/completion", at_end())
    for item, word in list(zip(reply["items"], complete_words(model, TEXT, 8).words, strict=True))[:3]:
        assert "documentation" not in item
        resolved = await shared_client.request("completionItem/resolve", item)
        documentation = resolved.pop("documentation")
        assert resolved == item and documentation["kind"] == "markdown"
        parts = word_parts(model, TEXT, word.token_ids)
        for part in parts.parts:
            row = f"| {code_span(model.tokenizer.visible(part.token_id), in_table=True)} | {percent(part.logprob)} |"
            assert row in documentation["value"]
            other = next(other for other, _ in part.alternatives if other != part.token_id)
            assert code_span(model.tokenizer.visible(other), in_table=True) in documentation["value"]
        assert f"| the word ends | {percent(parts.ends)} |" in documentation["value"]
        assert f"exactly this word: {percent(word.logprob)}" in documentation["value"]
        assert f"divided by {percent(parts.typed)}" in documentation["value"]
        assert ("ways to cut it into tokens were found" in documentation["value"]) == (word.n_ways > 1)


async def test_a_proposal_of_another_version_says_so(shared_client: Client):
    shared_client.open(URI, TEXT, 5)
    (item, *_) = (await shared_client.request("textDocument/completion", at_end()))["items"]
    shared_client.open(URI, TEXT + "x", 6)
    resolved = await shared_client.request("completionItem/resolve", item)
    assert resolved["documentation"]["value"] == "The text or the model has changed since this list was made."
    other_model = {**item, "data": {**item["data"], "version": 6, "model": "0" * 12}}
    resolved = await shared_client.request("completionItem/resolve", other_model)
    assert resolved["documentation"]["value"] == "The text or the model has changed since this list was made."
    for data in (None, {}, {**item["data"], "tokenIds": 5}):
        with pytest.raises(LspError, match="-32602"):
            await shared_client.request("completionItem/resolve", {**item, "data": data})


@pytest.mark.parametrize(
    ("text", "typed"), [("Once ", ""), ("Once", "Once"), ("don't", "don't"), ("", ""), ("字", "字")]
)
async def test_completion_edits_exactly_what_is_typed(shared_client: Client, text, typed):
    shared_client.open(URI, text)
    reply = await shared_client.request("textDocument/completion", at_end(text))
    for item in reply["items"]:
        edit = item["textEdit"]
        assert edit["newText"].startswith(typed) and item["filterText"] == edit["newText"]
        start, end = len(text) - len(typed), len(text)
        assert edit["range"] == {"start": {"line": 0, "character": start}, "end": {"line": 0, "character": end}}


async def test_generation_sends_every_token_and_joins_to_the_text(shared_client: Client, model):
    from tinylm.model.cursor_generation import cursor_of, generate_at

    shared_client.open(URI, TEXT)
    params = at_end(version=1, maxTokens=20, temperature=0.9, topK=50, topP=0.9, seed=7, streamId="mine")
    reply = await shared_client.request("tinylm/generate", params)
    expected = list(generate_at(model, cursor_of(model, TEXT), SamplingConfig(0.9, 50, 0.9, seed=7), 20))
    steps = [await shared_client.notification("tinylm/generationStep") for _ in range(reply["nTokens"])]
    assert [step["tokenId"] for step in steps] == [step.token_id for step in expected if step.bytes]
    assert [step["index"] for step in steps] == list(range(len(steps)))
    assert {step["streamId"] for step in steps} == {"mine"}
    assert steps[0]["text"] == expected[0].bytes.decode(errors="replace")
    assert steps[3]["logprob"] == pytest.approx(expected[3].logprob, abs=1e-4)
    cut = {each["cutBy"] for step in steps for each in step["alternatives"]}
    assert cut <= {None, "top-k", "top-p"}


async def test_wrong_generation_parameters_are_invalid(shared_client: Client):
    shared_client.open(URI, TEXT)
    for wrong in ({"temperature": -1}, {"topK": 1.5}, {"maxTokens": 0}, {"seed": "x"}, {"streamId": None}):
        with pytest.raises(LspError, match="-32602"):
            await shared_client.request("tinylm/generate", at_end(**{"version": 1, "streamId": "s", **wrong}))


async def test_code_action_replaces_the_token_by_an_alternative(shared_client: Client, model):
    """Titles tell both tokens and the probability; the edit covers exactly the token."""
    shared_client.open(URI, TEXT, 3)
    where = {"line": 1, "character": 6}
    params = {
        "textDocument": {"uri": URI},
        "range": {"start": where, "end": where},
        "context": {"diagnostics": [], "triggerKind": 1},
    }
    actions = await shared_client.request("textDocument/codeAction", params)
    hover = await shared_client.request("textDocument/hover", {**params, "position": where})
    assert 1 <= len(actions) <= 5
    for action in actions:
        assert action["kind"] == "refactor.rewrite"
        assert re.fullmatch(r"Replace .+ by .+ \(.+\)", action["title"])
        (change,) = action["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 3}
        assert change["edits"][0]["range"] == hover["range"]
    assert await shared_client.request(
        "textDocument/codeAction", {**params, "context": {"diagnostics": [], "triggerKind": 2}}
    ) is None  # fmt: skip


async def test_turned_off_features_answer_nothing(shared_client: Client):
    shared_client.open(URI, TEXT)
    shared_client.settings |= {"completion": {"enabled": False}, "inlineCompletion": {"enabled": False}}
    shared_client.notify("workspace/didChangeConfiguration", {"settings": {"tinylm": shared_client.settings}})
    assert await shared_client.request("textDocument/inlineCompletion", at_end(context={"triggerKind": 1})) is None
    assert await shared_client.request("textDocument/completion", at_end()) is None
