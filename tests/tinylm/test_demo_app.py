"""The demo's app, driven by its keys in Textual's own pilot, on a real small model."""

import asyncio
import threading

import pytest
from textual.widgets import Input, Static

from tinylm.demo.app import DemoApp
from tinylm.demo.cells import printable
from tinylm.demo.help import HelpScreen
from tinylm.demo.keys import HELP
from tinylm.demo.slider import Slider
from tinylm.demo.view import Pane
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.session.session import Session

SIZES = [(80, 24), (132, 43)]


@pytest.fixture(scope="module")
def language_model(model_directory):
    return LanguageModel.load(model_directory)


def make_app(language_model, prompt="Once upon", max_tokens=30, pace=32.0, **sampling):
    settings = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "seed": 3, **sampling}
    session = Session(
        language_model.tokenizer,
        language_model.new_decoder(),
        prompt=prompt,
        sampling=SamplingConfig(**settings),
        max_tokens=max_tokens,
    )
    return DemoApp(session, "test model", pace=pace)


async def until(pilot, condition):
    """Wait for a condition that the app reaches by itself."""
    async with asyncio.timeout(20):
        while not condition():
            await pilot.pause(0.01)


def shown(app, name):
    """Return what a pane or a label shows, as text."""
    widget = app.query_one(f"#{name}")
    return str(widget.render() if isinstance(widget, Pane | Slider) else widget.content)


async def editing(pilot):
    """Put the cursor into the prompt; the focus moves when the app comes to it."""
    await pilot.press("e")
    await until(pilot, lambda: pilot.app.focused is pilot.app.query_one("#prompt"))


async def paused(pilot):
    """Let a few tokens come, then pause."""
    await until(pilot, lambda: pilot.app.session.n_generated >= 4)
    await pilot.press("space")
    await pilot.pause()
    assert not pilot.app.running


@pytest.mark.parametrize("size", SIZES)
async def test_tokens_appear_by_themselves_and_everything_is_said(language_model, size):
    app = make_app(language_model)
    async with app.run_test(size=size) as pilot:
        await paused(pilot)
        session = app.session
        assert shown(app, "text-inner") == printable(session.text)
        assert shown(app, "tokens-inner").split() == [session.vocabulary.raw(token) for token in session.ids]
        last = session.chosen(len(session.ids) - 1)
        facts = shown(app, "facts")
        assert f"id {last.token_id}" in facts
        assert f"{last.logprob:.3f} nats" in facts
        assert f"rank        {last.rank} of 400" in facts
        assert f"{last.draw:.4f}" in facts
        candidates = shown(app, "candidates")
        assert len(candidates.splitlines()) >= 9
        assert "▶" in candidates
        assert f"draw {session.draw():.4f}" in shown(app, "cumulative")
        assert "paused" in shown(app, "title")


async def test_step_back_and_step_give_the_same_token(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        before = app.session.ids
        await pilot.press("left", "left")
        assert app.session.ids == before[:-2]
        await pilot.press("right", "right")
        await until(pilot, lambda: len(app.session.ids) == len(before))
        assert app.session.ids == before


async def test_picking_by_number_branches_and_b_returns(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        before, place = app.session.ids, len(app.session.ids) - 1
        other = 1 if app.session.outlook(place).place(before[-1]) != 0 else 2
        await pilot.press("comma", str(other))
        await pilot.pause()
        assert app.session.ids[:-1] == before[:-1]
        assert app.session.chosen(place).how == "by hand"
        assert "by hand" in shown(app, "facts")
        await pilot.press("b")
        await pilot.pause()
        assert app.session.ids == before


@pytest.mark.parametrize(
    ("key", "slider", "read"),
    [
        ("T", "temperature", lambda sampling: sampling.temperature),
        ("K", "top-k", lambda sampling: sampling.top_k),
        ("P", "top-p", lambda sampling: sampling.top_p),
    ],
)
async def test_sliders_move_by_key_and_act_at_once(language_model, key, slider, read):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        before, painted = read(app.session.sampling), shown(app, "cumulative")
        await pilot.press(key)
        assert read(app.session.sampling) > before
        assert shown(app, "cumulative") != painted
        assert app.query_one(f"#{slider}", Slider).value == pytest.approx(read(app.session.sampling))
        await pilot.press(key.lower())
        assert read(app.session.sampling) == pytest.approx(before)
        assert shown(app, "cumulative") == painted


async def test_slider_follows_focus_keys_and_the_mouse(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[1]) as pilot:
        await paused(pilot)
        slider = app.query_one("#temperature", Slider)
        slider.focus()
        await pilot.press("home")
        assert app.session.sampling.temperature == 0
        assert "greedy" in shown(app, "cumulative")
        n_before = app.session.n_generated
        await pilot.press("right")  # moves the knob, takes no token
        assert (app.session.sampling.temperature, app.session.n_generated) == (0.1, n_before)
        await pilot.click(slider, offset=(slider.outer_size.width - 2, 0))
        assert app.session.sampling.temperature == slider.stops[-1]
        await pilot.press("escape", "end", "left")
        await until(pilot, lambda: app.session.n_generated == n_before - 1)


async def test_top_k_off_keeps_every_candidate(language_model):
    app = make_app(language_model, top_k=1000, top_p=1.0)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        await pilot.press("K")
        assert app.session.sampling.top_k == 0
        assert "off" in shown(app, "top-k")
        assert "400 left, cut: none" in app.query_one("#candidates").border_subtitle


async def test_another_prompt_starts_anew(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        await editing(pilot)
        await pilot.press("end", *" a q", "enter")
        await until(pilot, lambda: app.session.prompt == "Once upon a q" and app.session.n_generated >= 2)
        assert app.session.text.startswith("Once upon a q")
        assert app.focused is None


async def test_an_empty_prompt_works(language_model):
    app = make_app(language_model, prompt="")
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        await pilot.press(*["left"] * (app.session.n_generated + 2))
        await pilot.pause()
        assert app.session.ids == []
        assert "No token yet" in shown(app, "facts")
        await pilot.press("comma", "full_stop", "right")
        await until(pilot, lambda: app.session.n_generated == 1)


async def test_looking_and_clicking_at_earlier_tokens(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        last = len(app.session.ids) - 1
        await pilot.press("comma", "comma")
        assert app.look == last - 1
        assert f"Token {last} of {last + 1}" in str(app.query_one("#facts").border_title)
        assert "●" in shown(app, "candidates")
        await pilot.click("#tokens-inner", offset=(0, 0))
        assert app.look == 0
        assert "not sampled" in shown(app, "facts")
        assert "prompt" in shown(app, "cumulative")
        await pilot.press("1")  # the prompt is not up for choice
        assert app.session.n_generated == last + 1 - app.session.n_prompt
        await pilot.press("escape")
        assert app.look is None


async def test_the_end_is_said_and_can_be_undone(language_model):
    app = make_app(language_model, max_tokens=3)
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: app.session.ended and not app.running)
        await pilot.pause()
        assert "ended: 3 tokens" in shown(app, "title")
        assert "The end" in shown(app, "candidates")
        await pilot.press("right", "1", "space")
        await pilot.pause()
        assert app.session.n_generated == 3
        await pilot.press("left")
        assert app.session.n_generated == 2


async def test_restart_new_seed_pace_theme_help_and_quit(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        await pilot.press("minus")
        assert app.pace == 16.0
        await pilot.press("plus", "n")
        assert app.session.seed != 3
        await paused(pilot)
        await pilot.press("d")
        assert app.theme == "textual-light"
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("x")
        assert not isinstance(app.screen, HelpScreen)
        await pilot.press("q")
    assert app.return_code == 0


async def test_letters_typed_into_the_prompt_are_text(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        n_before = app.session.n_generated
        await editing(pilot)
        await pilot.press(*"qrtn1")
        assert app.query_one("#prompt", Input).value == "Once uponqrtn1"
        assert app.session.n_generated == n_before


async def test_without_colour_bands_are_underlined(language_model, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        styles = [span.style for span in app.query_one("#text-inner", Static).content.spans]
        assert any("underline" in str(style) for style in styles)


async def test_a_prompt_of_several_lines_survives_its_one_line_field(language_model):
    app = make_app(language_model, prompt="One\ntwo")
    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        assert app.query_one("#prompt", Input).value == "One↵two"
        await editing(pilot)
        await pilot.press("end", "x", "enter")
        await until(pilot, lambda: app.session.prompt == "One\ntwox" and app.session.n_generated >= 1)


async def test_a_prompt_longer_than_the_context_is_painted_from_its_end(language_model):
    app = make_app(language_model, prompt="a fox. " * 400, max_tokens=5)
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: app.session.ended)
        await pilot.pause()
        painted = shown(app, "tokens-inner").split()
        assert painted == [app.session.vocabulary.raw(token) for token in app.session.ids][-500:]
        assert app.session.chosen(len(app.session.ids) - 1).context_tokens <= 64
        await pilot.click("#tokens", offset=(2, 1))
        assert app.look is not None


@pytest.mark.parametrize("size", [(40, 12), (20, 5)])
async def test_a_tiny_terminal_does_not_break_it(language_model, size):
    app = make_app(language_model)
    async with app.run_test(size=size) as pilot:
        await paused(pilot)
        await pilot.press("comma", "k", "right", "question_mark", "x")


async def test_help_opened_and_the_app_left_while_a_step_is_under_way(language_model):
    """A step that ends behind the help, or after the app has begun to leave, is no error."""
    app = make_app(language_model)
    reading, may_end = threading.Event(), threading.Event()
    read = app.session.tree._reader.read

    class Slow:
        context_tokens = 1

        def read(self, ids):
            reading.set()
            assert may_end.wait(20)
            return read(ids)

    async with app.run_test(size=SIZES[0]) as pilot:
        await paused(pilot)
        app.session.tree._reader = Slow()
        n_before = app.session.n_generated
        stepping = asyncio.create_task(app.action_step())
        await until(pilot, reading.is_set)
        app.push_screen(HelpScreen())
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        may_end.set()
        await stepping
        assert app.session.n_generated == n_before + 1
        reading.clear()
        may_end.clear()
        leaving = asyncio.create_task(app.action_step())
    may_end.set()
    await leaving


async def test_the_help_fits_80_columns(language_model):
    app = make_app(language_model)
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        text = app.screen.query_one(Static)
        assert text.size.height == HELP.count("\n")  # no line is wrapped
        assert text.region.bottom <= SIZES[0][1]
