"""The demo in the terminal: a Textual app over one `Session`. It decides layout, keys and pace, and nothing else.

The engine runs in a thread, one call at a time, so that keys and sliders answer while it computes; settings act on
logits that are already there and need no thread.
"""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.widget import Widget
from textual.widgets import Footer, Input, Static

from tinylm.demo.describe import survivors_line
from tinylm.demo.help import HelpScreen
from tinylm.demo.keys import KEYS
from tinylm.demo.panes import TOKEN, candidates_pane, cumulative_pane, facts_pane, text_pane, tokens_pane
from tinylm.demo.sampling_sliders import OFF, sampling_sliders
from tinylm.demo.session import Session
from tinylm.demo.slider import Slider

__all__ = ["DemoApp"]

# Tokens a second. The slowest let one read every number, the fastest is what the engine gives.
PACES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 1000.0)


class Pane(Widget):
    """A widget whose content is computed from its own width at the moment of painting."""

    def __init__(self, paint: Callable[[int, int], Content], *, id: str) -> None:
        """Take the function from width and height, in cells, to content."""
        super().__init__(id=id)
        self._paint = paint

    def render(self) -> Content:
        """Return the content for the present size."""
        return self._paint(self.content_size.width, self.content_size.height)


class DemoApp(App[None]):
    """Watch a session generate, and steer it."""

    CSS_PATH = "demo.tcss"
    TITLE = "TinyLM demo"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None  # the keys belong to the demo until the person goes to the prompt
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(self, session: Session, model: str, *, is_light: bool = False, pace: float = 4.0) -> None:
        """Show a session.

        Args:
            session: at the end of its prompt.
            model: the model's name for the first line.
            is_light: begin with the light theme.
            pace: tokens a second to begin with, one of `PACES`.
        """
        super().__init__()
        self.session, self.model = session, model
        self.look: int | None = None  # the token of the path that is looked at; None follows the newest
        self.pace = pace
        self._is_light = is_light
        self._go = asyncio.Event()  # set while it runs
        self._turnstile = asyncio.Lock()  # one change of the path at a time, in the order they were asked for

    @property
    def running(self) -> bool:
        """Whether tokens come by themselves."""
        return self._go.is_set()

    def compose(self) -> ComposeResult:
        """Lay out the panes from top to bottom."""
        yield Static(id="title", markup=False)
        with Horizontal(id="prompt-line"):
            yield Static("Prompt ", id="prompt-label")
            yield Input(self.session.prompt, id="prompt", compact=True, select_on_focus=False)
        with Horizontal(id="words"):
            with VerticalScroll(id="text", can_focus=False):
                yield Static(id="text-inner")
            with VerticalScroll(id="tokens", can_focus=False):
                yield Static(id="tokens-inner")
        with Horizontal(id="numbers"):
            yield Pane(lambda width, _: facts_pane(self.session, self.look, width), id="facts")
            yield Pane(
                lambda width, height: candidates_pane(self.session, self.look, width, min(height, 20)), id="candidates"
            )
        yield Pane(lambda width, _: cumulative_pane(self.session, self.look, width), id="cumulative")
        with Horizontal(id="sliders"):
            yield from sampling_sliders(self.session.sampling)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Start generating at once: the first thing a person sees is that it moves."""
        self.theme = "textual-light" if self._is_light else "textual-dark"
        self.query_one("#text").border_title = "Text"
        self.query_one("#tokens").border_title = "Raw tokens"
        self._generate()
        self.action_run()

    def show(self) -> None:
        """Paint everything from the session."""
        session, look = self.session, self.look
        if look is not None and look >= len(session.ids):
            self.look = look = None
        self.query_one("#title", Static).update(self._title())
        self.query_one("#text-inner", Static).update(text_pane(session, look, has_colour=not self.no_color))
        self.query_one("#tokens-inner", Static).update(tokens_pane(session, look))
        index = len(session.ids) - 1 if look is None else look
        facts, candidates = self.query_one("#facts"), self.query_one("#candidates")
        facts.border_title = "Token" if index < 0 else f"Token {index + 1} of {len(session.ids)}"
        candidates.border_title = "Next token" if look is None else f"Instead of token {look + 1}"
        candidates.border_title += "   ▶ draw  * greedy"
        has_ended = look is None and session.ended is not None
        candidates.border_subtitle = "" if has_ended else survivors_line(session.outlook(look))
        for pane in self.query(Pane):
            pane.refresh()
        self.refresh_bindings()
        if look is None:
            for scroll in self.query(VerticalScroll):
                scroll.scroll_end(animate=False)

    def _title(self) -> str:
        session = self.session
        state = f"running {self.pace:g}/s" if self.running else f"ended: {session.ended}" if session.ended else "paused"
        parts = ["TinyLM demo", self.model, state, f"{session.n_generated} of {session.max_tokens} tokens"]
        parts.append(f"seed {session.seed}")
        if session.prompt.endswith(" ") and not session.n_generated:
            parts.append("the prompt ends in a space, but tokens bring their own: better without")
        return " · ".join(parts)

    # Generation.

    def action_run(self) -> None:
        """Run or pause."""
        if self.running:
            self._pause()
        else:
            self._go.set()
            self.look = None
        self.show()

    def _pause(self) -> None:
        self._go.clear()

    @work
    async def _generate(self) -> None:
        """Take a step and wait, for as long as the app lives and whenever it runs."""
        while True:
            await self._go.wait()
            if not await self._advance():
                self._pause()
                self.show()
            await asyncio.sleep(1 / self.pace)

    async def _advance(self) -> bool:
        async with self._turnstile:
            token = await asyncio.to_thread(self.session.step)
        await self._look_ahead()
        return token is not None

    async def _look_ahead(self) -> None:
        """Compute what `show` needs next in a thread, then show it."""
        await asyncio.to_thread(self.session.outlook, self.look)
        self.show()

    async def action_step(self) -> None:
        """Pause, and take one token by the draw."""
        self._pause()
        self.look = None
        await self._advance()

    async def action_back(self) -> None:
        """Pause, and take the last token away."""
        self._pause()
        self.look = None
        async with self._turnstile:
            self.session.back()
        await self._look_ahead()

    async def action_pick(self, rank: int) -> None:
        """Pause, and put the candidate of that number at the place that was seen when the key was pressed."""
        place = len(self.session.ids) if self.look is None else self.look
        self._pause()
        self.look = None
        async with self._turnstile:
            if self.session.pick(rank, place) is None:
                self.bell()
        await self._look_ahead()

    async def action_branch(self) -> None:
        """Pause, and go over to another token tried at the place looked at, or at the last one that has several."""
        self._pause()
        async with self._turnstile:
            session = self.session
            places = range(len(session.ids), session.n_prompt - 1, -1) if self.look is None else [self.look]
            turned = any(session.turn(place) for place in places)
        if not turned:
            self.notify("No other branch yet: go back (←) and pick another candidate (1-9).")
        await self._look_ahead()

    async def action_restart(self) -> None:
        """Begin again at the prompt's end and run."""
        self._pause()
        self.look = None
        async with self._turnstile:
            self.session.restart()
        await self._look_ahead()
        self.action_run()

    async def action_reseed(self) -> None:
        """Begin again with other draws."""
        self.session.reseed()
        await self.action_restart()

    # Looking, settings, pace.

    async def action_look(self, n: int) -> None:
        """Move the token looked at by n; past the newest one, follow the newest again."""
        last = len(self.session.ids) - 1
        await self.action_look_at((last if self.look is None else self.look + n) if last >= 0 else 0)

    async def action_look_at(self, index: int) -> None:
        """Pause, and look at a token of the path."""
        self._pause()
        self.look = max(0, index) if index < len(self.session.ids) else None
        await self._look_ahead()

    async def on_click(self, event: Click) -> None:
        """Look at the token that was clicked on."""
        token = event.style.meta.get(TOKEN)
        if token is not None:
            await self.action_look_at(int(token))

    def action_slide(self, slider: str, n_stops: int) -> None:
        """Move a slider by its key."""
        self.query_one(f"#{slider}", Slider).action_move(n_stops)

    @on(Slider.Moved)
    def slider_moved(self, event: Slider.Moved) -> None:
        """Filter the logits that are there by the new setting, at once."""
        name = str(event.slider.id).replace("-", "_")
        value = (0 if event.value == OFF else int(event.value)) if name == "top_k" else event.value
        self.session.set(**{name: value})
        self.show()

    def action_pace(self, n: int) -> None:
        """Go faster or slower."""
        nearest = min(range(len(PACES)), key=lambda index: abs(PACES[index] - self.pace))
        self.pace = PACES[min(len(PACES) - 1, max(0, nearest + n))]
        self.show()

    def action_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = "textual-light" if self.theme == "textual-dark" else "textual-dark"

    # The prompt.

    def action_edit(self) -> None:
        """Pause, and put the cursor into the prompt."""
        self._pause()
        self.query_one("#prompt", Input).focus()
        self.show()

    async def action_leave(self) -> None:
        """Leave the prompt or a slider, or stop looking back."""
        self.set_focus(None)
        self.look = None
        await self._look_ahead()

    @on(Input.Submitted, "#prompt")
    async def prompt_submitted(self, event: Input.Submitted) -> None:
        """Begin anew after the prompt and run."""
        self.set_focus(None)
        self._pause()
        self.look = None
        async with self._turnstile:
            self.session.set_prompt(event.value)
        await self._look_ahead()
        self.action_run()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to leave only where there is something to leave; Textual asks before it shows or runs an action."""
        return action != "leave" or self.focused is not None or self.look is not None

    def on_descendant_focus(self) -> None:
        """Let the footer name the keys that count here."""
        self.refresh_bindings()

    def on_descendant_blur(self) -> None:
        """Let the footer name the keys that count here."""
        self.refresh_bindings()

    def action_help(self) -> None:
        """Show every key."""
        self._pause()
        self.show()
        self.push_screen(HelpScreen())
