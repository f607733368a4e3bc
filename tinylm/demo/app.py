"""The demo in the terminal: a Textual app over one `Session`. It decides layout, keys and pace, and nothing else.

The engine runs in a thread, one call at a time, so that keys and sliders answer while it computes; settings act on
logits that are already there and need no thread.
"""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.events import Click
from textual.widgets import Footer, Input

from tinylm.demo.help import HelpScreen
from tinylm.demo.keys import KEYS
from tinylm.demo.panes import TOKEN
from tinylm.demo.sampling_sliders import OFF
from tinylm.demo.slider import Slider
from tinylm.demo.view import LINE_END, DemoView
from tinylm.session.replay import Replay
from tinylm.session.session import Session

__all__ = ["DemoApp"]

# Tokens a second. The slowest let one read every number, the fastest is what the engine gives.
PACES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 1000.0)
LEFT_REPLAY = "You have left the replay; what comes now is yours."


class DemoApp(App[None]):
    """Watch a session generate, and steer it."""

    CSS_PATH = "demo.tcss"
    TITLE = "TinyLM demo"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None  # the keys belong to the demo until the person goes to the prompt
    BINDINGS: ClassVar[list[BindingType]] = KEYS
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012  # Textual declares no ClassVar

    def __init__(
        self, session: Session, model: str, *, replay: Replay | None = None, is_light: bool = False, pace: float = 4.0
    ) -> None:
        """Show a session.

        Args:
            session: at the end of its prompt.
            model: the model's name for the first line.
            replay: what to do again in that session before it goes on by itself.
            is_light: begin with the light theme.
            pace: tokens a second to begin with, one of `PACES`.
        """
        super().__init__()
        self.session, self.model, self.replay = session, model, replay
        self.look: int | None = None  # the token of the path that is looked at; None follows the newest
        self.pace = pace
        self._leads_back = False  # whether the footer offers to leave looking back
        self._is_light = is_light
        self._go = asyncio.Event()  # set while it runs
        self._turnstile = asyncio.Lock()  # one change of the path at a time, in the order they were asked for

    @property
    def running(self) -> bool:
        """Whether tokens come by themselves."""
        return self._go.is_set()

    def compose(self) -> ComposeResult:
        """Lay out the view and the keys."""
        self._view = DemoView(self.session)
        yield self._view
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Start generating at once: the first thing a person sees is that it moves."""
        self.theme = "textual-light" if self._is_light else "textual-dark"
        self._generate()
        self.action_run()

    def show(self) -> None:
        """Paint everything from the session, unless the app has been left while a step was under way.

        What changes the path just now, in a thread of its own, paints when it is done.
        """
        if not self.screen_stack or self._turnstile.locked():
            return
        if self.look is not None and self.look >= len(self.session.ids):
            self.look = None
        self._view.show(self._title(), self.look)
        if self._leads_back != (self.look is not None):  # the footer is built anew: not at every token
            self._leads_back = self.look is not None
            self.refresh_bindings()

    def _title(self) -> str:
        session, replay = self.session, self.replay
        state = self._pace_words() if self.running else f"ended: {session.ended}" if session.ended else "paused"
        parts = ["TinyLM demo", self.model, state, f"{session.n_generated} of {session.max_tokens} tokens"]
        if replay is not None:
            parts.insert(2, f"replay, {replay.n_done} of {len(replay)}")
        parts.append(f"seed {session.seed}")
        if session.prompt.endswith(" ") and not session.n_generated:
            parts.append("the prompt ends in a space, but tokens bring their own: better without")
        return " · ".join(parts)

    def _pace_words(self) -> str:
        return "running at full speed" if self.pace == PACES[-1] else f"running {self.pace:g}/s"

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
            token = await asyncio.to_thread(self.session.step if self.replay is None else self.replay.step)
        if token is None and self.replay is not None:
            self._take_over("The replay has ended; what comes now is yours.")
        self.show()
        return token is not None

    def _take_over(self, said: str) -> None:
        """Leave the replay, if there is one: its tokens stay, what was done after them is not done again."""
        if self.replay is not None:
            self.replay = None
            self.notify(said)

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
        self.show()

    async def action_pick(self, rank: int) -> None:
        """Pause, and put the candidate of that number at the place that was seen when the key was pressed."""
        place = len(self.session.ids) if self.look is None else self.look
        self._pause()
        self.look = None
        async with self._turnstile:
            self._take_over(LEFT_REPLAY)
            if await asyncio.to_thread(self.session.pick, rank, place) is None:
                self.bell()
        self.show()

    async def action_branch(self) -> None:
        """Pause, and go over to another token tried at the place looked at, or at the last one that has several."""
        self._pause()
        async with self._turnstile:
            session = self.session
            places = range(len(session.ids), session.n_prompt - 1, -1) if self.look is None else [self.look]
            turned = any(session.turn(place) for place in places)
        if not turned:
            self.notify("No other branch yet: go back (←) and pick another candidate (1-9).")
        self.show()

    async def action_restart(self) -> None:
        """Begin again at the prompt's end and run."""
        self._pause()
        self.look = None
        async with self._turnstile:
            self._take_over(LEFT_REPLAY)
            self.session.restart()
        self.show()
        self.action_run()

    async def action_reseed(self) -> None:
        """Begin again with other draws."""
        async with self._turnstile:
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
        async with self._turnstile:
            if index < len(self.session.ids):  # a token of the prompt may never have been read
                await asyncio.to_thread(self.session.outlook, max(0, index))
        self.look = max(0, index) if index < len(self.session.ids) else None
        self.show()

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
        self._view.prompt.focus()
        self.show()

    async def action_leave(self) -> None:
        """Leave the prompt or a slider, or stop looking back."""
        self.set_focus(None)
        self.look = None
        self.show()

    @on(Input.Submitted, "#prompt")
    async def prompt_submitted(self, event: Input.Submitted) -> None:
        """Begin anew after the prompt and run."""
        self.set_focus(None)
        self._pause()
        self.look = None
        async with self._turnstile:
            self._take_over(LEFT_REPLAY)
            await asyncio.to_thread(self.session.set_prompt, event.value.replace(LINE_END, "\n"))
        self.show()
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
