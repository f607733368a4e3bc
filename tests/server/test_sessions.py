"""`tinylm/session/…` over stdio: the library's own session, restored after the worker died, and its tree as a file."""

import math

import psutil
import pytest
from lsp_client import Client, LspError

from tinylm.model.cursor_generation import cursor_of, generate_at
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "untitled:story"
TEXT = "The end 😀.\r\nOnce upon a time there was a small s"
SAMPLING = {"temperature": 1.1, "topK": 60, "topP": 0.97, "minP": 0.001, "typicalP": 0.99, "repetitionPenalty": 1.2,
            "presencePenalty": 0.1, "seed": 7, "stop": [], "maxTokens": 50}  # fmt: skip
CONFIG = SamplingConfig(1.1, 60, 0.97, 0.001, 7, 0.99, 1.2, 0.1)


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


async def opened(client: Client, text=TEXT, version=1, **more):
    client.open(URI, text, version)
    lines = text.split("\n")
    position = {"line": len(lines) - 1, "character": len(lines[-1].encode("utf-16-le")) // 2}
    params = {"textDocument": {"uri": URI}, "version": version, "position": position, **SAMPLING, **more}
    return await client.request("tinylm/session/open", params)


async def act(client: Client, view, name, **fields):
    return await client.request(f"tinylm/session/{name}", {"sessionId": view["sessionId"], **fields})


async def test_steps_are_those_of_generate_from_inside_a_word(shared_client: Client, model):
    """The same settings and seed give the same tokens, bytes, draws and probabilities as Generate Here."""
    view = await opened(shared_client)
    expected = list(generate_at(model, cursor_of(model, TEXT), CONFIG, 12))
    while view["nTokens"] < len(expected):
        assert view["place"]["startsWith"] == ("·s" if view["nTokens"] == 0 else None)
        view = await act(shared_client, view, "step")
    assert [token["bytes"] for token in view["tokens"] if token["bytes"]] == [step.bytes.hex() for step in expected]
    for token, step in zip(view["tokens"], expected, strict=True):
        assert token["tokenId"] == step.token_id and token["draw"] == step.draw
        numbers = (token["logprob"], token["sampledLogprob"], token["entropyBits"], token["rank"])
        assert numbers == pytest.approx((step.logprob, step.sampled_logprob, step.entropy_bits, step.rank), abs=1e-4)
    assert view["text"].startswith(expected[0].bytes.decode())


async def test_settings_act_at_once_and_every_cut_candidate_names_its_filter(shared_client: Client):
    view = await opened(shared_client, "Once upon a time.\n\n")
    place = (await act(shared_client, view, "set", topK=3, topP=1, minP=0, typicalP=1))["place"]
    assert place["nSurvivors"] == 3 and place["cuts"] == [{"filter": "top-k", "nTokens": place["nCandidates"] - 3}]
    assert [each["cutBy"] for each in place["candidates"][:5]] == [None] * 3 + ["top-k"] * 2
    kept = place["candidates"][:3]
    assert [each["start"] for each in kept] == pytest.approx([0.0, kept[0]["end"], kept[1]["end"]])
    assert kept[2]["end"] == pytest.approx(1.0, abs=1e-6)
    drawn = next(each for each in place["candidates"] if each["rank"] == place["drawnRank"])
    assert drawn["start"] <= place["draw"] < drawn["end"]
    stepped = await act(shared_client, view, "step")
    assert stepped["tokens"][-1]["tokenId"] == drawn["tokenId"]
    assert stepped["tokens"][-1]["sampledLogprob"] == pytest.approx(drawn["sampledLogprob"])
    greedy = await act(shared_client, view, "set", temperature=0)
    assert greedy["place"]["draw"] is None and greedy["place"]["nSurvivors"] == 1
    with pytest.raises(LspError, match=r"-32602: typicalP: expected a number from 0 to 1"):
        await act(shared_client, view, "set", typicalP=2)


async def test_picking_what_was_cut_branches_and_one_can_go_back(shared_client: Client):
    view = await opened(shared_client, "Once upon a time.\n\n", topK=1)
    first = await act(shared_client, view, "step")
    back = await act(shared_client, view, "go", number=None)
    assert (back["nTokens"], back["text"]) == (0, "")
    picked = await act(shared_client, view, "pick", rank=4)
    token = picked["tokens"][-1]
    assert (token["how"], token["rank"], token["sampledLogprob"], token["nTried"]) == ("by hand", 4, None, 2)
    assert [(each["nShared"], each["isCurrent"]) for each in picked["branches"]] == [(1, True), (0, False)]
    again = await act(shared_client, view, "go", number=first["tokens"][-1]["number"])
    assert again["text"] == first["text"] and again["tokens"][:-1] == first["tokens"][:-1]
    with pytest.raises(LspError, match="the session has no node 99"):
        await act(shared_client, view, "go", number=99)


async def test_a_stop_string_ends_the_session_inside_a_token(shared_client: Client):
    view = await opened(shared_client, "Once upon a time.\n\n")
    for _ in range(8):
        view = await act(shared_client, view, "step")
    whole = view["text"]
    stop = whole[3:5]
    view = await act(shared_client, view, "set", stop=[stop])
    assert view["text"] == whole[: whole.index(stop)] and "stop string" in view["ended"] and view["place"] is None
    assert (await act(shared_client, view, "step"))["nTokens"] == 8


async def test_a_killed_worker_restores_the_session_from_its_tokens(shared_client: Client):
    view = await opened(shared_client)
    for _ in range(3):
        view = await act(shared_client, view, "step")
    view = await act(shared_client, view, "go", number=view["tokens"][0]["number"])
    view = await act(shared_client, view, "pick", rank=2)
    for child in psutil.Process(shared_client.process.pid).children():
        child.kill()
    await shared_client.notification("tinylm/status", lambda status: status["state"] == "degraded")
    await shared_client.ready()
    restored = await act(shared_client, view, "set")
    assert_alike(restored, view)
    assert (await act(shared_client, view, "step"))["nTokens"] == 3


async def test_a_saved_tree_opens_again_and_a_foreign_one_is_refused(shared_client: Client):
    view = await opened(shared_client)
    for _ in range(3):
        view = await act(shared_client, view, "step")
    tree = (await act(shared_client, view, "save"))["tree"]
    assert [node["parent"] for node in tree["nodes"]] == [-1, 0, 1]
    again = await opened(shared_client, version=2, tree=tree)
    assert again["sessionId"] != view["sessionId"]
    assert_alike({**again, "sessionId": view["sessionId"]}, view)
    for change, said in [
        ({"tokenizerId": "0" * 12}, "another tokenizer"),
        ({"nodes": [{**tree["nodes"][0], "parent": 0}]}, "its parent is 0"),
        ({"nodes": [{**tree["nodes"][0], "tokens": [10**6]}]}, "no token ids"),
        ({"kind": "other"}, "no saved generation"),
    ]:
        with pytest.raises(LspError, match=said):
            await opened(shared_client, version=3, tree={**tree, **change})


async def test_a_closed_session_is_gone_and_says_what_to_do(shared_client: Client):
    view = await opened(shared_client)
    assert await act(shared_client, view, "close") is None
    with pytest.raises(LspError, match="open the generation view again"):
        await act(shared_client, view, "step")


def assert_alike(actual, expected):
    """Equal, where numbers may differ by what another order of summation makes of them."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected:
            assert_alike(actual[key], expected[key])
    elif isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_alike(one, other)
    elif isinstance(expected, float):
        assert math.isclose(actual, expected, abs_tol=1e-3)
    else:
        assert actual == expected
