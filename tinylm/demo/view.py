"""The demo's panes on the screen: which widget shows what, and nothing about when.

`show` is the one way in. It holds its widgets rather than looking them up: a step that is under way may end while the
help is open or the app is leaving, and finds them still.
"""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tinylm.demo.describe import survivors_line
from tinylm.demo.panes import candidates_pane, cumulative_pane, facts_pane, text_pane, tokens_pane
from tinylm.demo.sampling_sliders import rarer_sliders, sampling_sliders
from tinylm.session.session import Session

__all__ = ["LINE_END", "DemoView", "Pane"]

LINE_END = "↵"  # stands for a line end in the prompt's one line, both ways


class Pane(Widget):
    """A widget whose content is computed from its own size at the moment of painting."""

    def __init__(self, paint: Callable[[int, int], Content], *, id: str) -> None:
        """Take the function from width and height, in cells, to content."""
        super().__init__(id=id)
        self._paint = paint

    def render(self) -> Content:
        """Return the content for the present size."""
        return self._paint(self.content_size.width, self.content_size.height)


class DemoView(Vertical):
    """Title, prompt, words, numbers, cumulative bar and sliders, from top to bottom."""

    def __init__(self, session: Session) -> None:
        """Make the widgets; `show` fills them."""
        super().__init__()
        self._session = session
        self._look: int | None = None
        self._title = Static(id="title", markup=False)
        self.prompt = Input(session.prompt.replace("\n", LINE_END), id="prompt", compact=True, select_on_focus=False)
        self._scrolls = (VerticalScroll(id="text", can_focus=False), VerticalScroll(id="tokens", can_focus=False))
        self._scrolls[0].border_title, self._scrolls[1].border_title = "Text", "Raw tokens"
        self._text, self._tokens = Static(id="text-inner"), Static(id="tokens-inner")
        self._facts = Pane(lambda width, _: facts_pane(session, self._look, width), id="facts")
        self._candidates = Pane(
            lambda width, height: candidates_pane(session, self._look, width, min(height, 20)), id="candidates"
        )
        self._cumulative = Pane(lambda width, _: cumulative_pane(session, self._look, width), id="cumulative")

    def compose(self) -> ComposeResult:
        """Lay the widgets out."""
        yield self._title
        with Horizontal(id="prompt-line"):
            yield Static("Prompt ", id="prompt-label")
            yield self.prompt
        with Horizontal(id="words"):
            for scroll, inner in zip(self._scrolls, (self._text, self._tokens), strict=True):
                with scroll:
                    yield inner
        with Horizontal(id="numbers"):
            yield self._facts
            yield self._candidates
        yield self._cumulative
        with Horizontal(id="sliders"):
            yield from sampling_sliders(self._session.sampling)
        with Horizontal(id="rarer-sliders"):
            yield from rarer_sliders(self._session.sampling)

    def show(self, title: str, look: int | None) -> None:
        """Paint everything from the session.

        Args:
            title: the first line.
            look: the token of the path that is looked at; None follows the newest.
        """
        session, self._look = self._session, look
        self._title.update(title)
        self._text.update(text_pane(session, look, has_colour=not self.app.no_color))
        self._tokens.update(tokens_pane(session, look))
        index = len(session.ids) - 1 if look is None else look
        self._facts.border_title = "Token" if index < 0 else f"Token {index + 1} of {len(session.ids)}"
        self._head_candidates()
        has_ended = look is None and session.ended is not None
        self._candidates.border_subtitle = "" if has_ended else survivors_line(session.outlook(look))
        for pane in (self._facts, self._candidates, self._cumulative):
            pane.refresh()
        self.call_after_refresh(self._scroll)

    def on_resize(self) -> None:
        """Fit the heading to the new width once the layout knows it."""
        self.call_after_refresh(self._head_candidates)

    def _head_candidates(self) -> None:
        place = "Next token" if self._look is None else f"Instead of token {self._look + 1}"
        self._candidates.border_title = _heading(place, self._candidates.content_size.width)

    def _scroll(self) -> None:
        """Bring the newest token into view, or about the one looked at: which line it is on only the layout knows."""
        n_tokens = len(self._session.ids)
        for scroll in self._scrolls:
            if self._look is None:
                scroll.scroll_end(animate=False)
            else:
                line = scroll.virtual_size.height * self._look / max(1, n_tokens)
                scroll.scroll_to(y=max(0, round(line - scroll.size.height / 2)), animate=False)


def _heading(place: str, width: int) -> str:
    """Return the candidates' heading: what they are for, the marks if there is room, the names of the two columns."""
    room = width - 18  # the columns are eight wide each; a border's title begins later and ends earlier than the lines
    fitting = [text for text in (f"{place}  ▶ draw  * greedy", f"{place}  ▶ draw") if len(text) <= room]
    return f"{(fitting or [place])[0]:<{max(0, room)}}{'model':>8}{'sampled':>8}"
