"""Sessions in files: saved by the demo, replayed branch by branch, with the same numbers; damaged files are refused."""

import json

import pytest

from tests.tinylm.test_demo_app import make_app, paused, shown, until
from tests.tinylm.test_demo_plain import run
from tinylm.demo.app import DemoApp
from tinylm.errors import TinyLMError
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.session.saved import node_record
from tinylm.session.session import Session
from tinylm.session.session_file import load_session, save_session


@pytest.fixture(scope="module")
def language_model(model_directory):
    return LanguageModel.load(model_directory)


@pytest.fixture
def branched(language_model):
    """A session with two branches that stands in the older one."""
    sampling = SamplingConfig(temperature=0.9, top_k=30, typical_p=0.9, repetition_penalty=1.2, seed=5)
    session = Session(language_model.tokenizer, language_model.decoder, prompt="a small fox", sampling=sampling)
    for _ in range(4):
        session.step()
    session.pick(2, session.n_prompt + 1)
    session.step()
    session.go(3)
    return session


def records_of(session):
    return [node_record(session, node) for node in session.tree.nodes]


def test_a_saved_session_is_replayed_in_the_order_it_was_made(language_model, branched, tmp_path):
    save_session(branched, language_model, tmp_path / "s.json")
    again, replay = load_session(tmp_path / "s.json", language_model)
    assert (again.prompt, again.n_generated, len(replay)) == ("a small fox", 0, 6)
    lengths = []
    while replay.step() is not None:
        lengths.append(again.n_generated)
    assert lengths == [1, 2, 3, 4, 2, 3]
    assert (again.ids, again.text) == (branched.ids, branched.text)
    assert records_of(again) == records_of(branched)
    assert (again.sampling, again.seed, again.max_tokens) == (branched.sampling, branched.seed, branched.max_tokens)
    save_session(again, language_model, tmp_path / "t.json")
    assert (tmp_path / "t.json").read_bytes() == (tmp_path / "s.json").read_bytes()
    chosen, expected = again.step(), branched.step()
    assert (chosen.token_id, chosen.draw) == (expected.token_id, expected.draw)
    assert chosen.logprob == pytest.approx(expected.logprob, abs=1e-5)  # other tokens were read together


def test_the_command_saves_and_replays_the_same_lines(model_directory, tmp_path, capsys):
    file = str(tmp_path / "s.json")
    arguments = ("--model", str(model_directory), "--plain")
    code, out, _ = run(capsys, *arguments, "--seed", "3", "--max-tokens", "6", "--min-p", "0.001", "--save", file)
    assert code == 0
    code, again, _ = run(capsys, *arguments, "--replay", file)
    assert code == 0 and again == out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "else"}, "no saved generation"),
        ({"tokenizerId": "0"}, "another tokenizer"),
        ({"modelId": "0a1b"}, "saved with the model 0a1b"),
        ({"tail": "61"}, "begins inside a token"),
        ({"startsDocument": False}, "in the middle of a document"),
        ({"promptIds": [400]}, "token ids below 400"),
        ({"promptIds": [True]}, "token ids below 400"),
        ({"sampling": None}, "sampling: "),
        ({"sampling": {"temperature": 1}}, "sampling: "),
        ({"nodes": [{}]}, "node 0 of the saved tree"),
        ({"at": 6}, "stands at node 6"),
    ],
    ids=str,
)
def test_a_file_that_is_no_such_session_is_refused_in_one_line(language_model, branched, tmp_path, change, said):
    file = tmp_path / "s.json"
    save_session(branched, language_model, file)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(TinyLMError, match=said) as refused:
        load_session(file, language_model)
    assert str(refused.value).startswith(f"{file}: ") and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [None, b"\xff", b"[]", b"{", b"[" * 100_000], ids=["absent", "bytes", "[]", "{", "["]
)
def test_no_json_is_refused_by_the_command_in_one_line(model_directory, tmp_path, capsys, content):
    file = tmp_path / "s.json"
    if content is not None:
        file.write_bytes(content)
    code, out, err = run(capsys, "--model", str(model_directory), "--plain", "--replay", str(file))
    assert code == 3 and not out
    assert err.startswith("error: ") and str(file) in err and err.count("\n") == 1


async def test_the_app_replays_and_goes_on(language_model, branched, tmp_path):
    save_session(branched, language_model, tmp_path / "s.json")
    session, replay = load_session(tmp_path / "s.json", language_model)
    app = DemoApp(session, "test model", replay=replay, pace=32.0)
    async with app.run_test(size=(100, 30)) as pilot:
        assert "replay" in shown(app, "title")
        await until(pilot, lambda: app.replay is None)
        assert not app.running and app.session.text == branched.text
        await pilot.press("right")
        assert app.session.n_generated == branched.n_generated + 1


async def test_picking_leaves_the_replay(language_model, branched, tmp_path):
    save_session(branched, language_model, tmp_path / "s.json")
    session, replay = load_session(tmp_path / "s.json", language_model)
    app = DemoApp(session, "test model", replay=replay)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("space", "right", "3")
        assert app.replay is None and len(app.session.tree.nodes) < 6


@pytest.mark.parametrize(
    ("key", "slider", "field"),
    [
        ("M", "min-p", "min_p"),
        ("y", "typical-p", "typical_p"),
        ("X", "repetition-penalty", "repetition_penalty"),
        ("V", "presence-penalty", "presence_penalty"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (132, 43)])
async def test_rarer_controls_have_keys_and_where_there_is_room_sliders(language_model, key, slider, field, size):
    app = make_app(language_model)
    async with app.run_test(size=size) as pilot:
        await paused(pilot)
        before = getattr(app.session.sampling, field)
        outlook = app.session.outlook()
        await pilot.press(*key * 8)
        assert getattr(app.session.sampling, field) != before
        assert (app.session.outlook().probability != outlook.probability).any()
        assert app.query_one(f"#{slider}").display
        assert app.query_one("#rarer-sliders").display == (size[1] >= 28)
