"""A one-line slider over fixed stops: keys, mouse and a label that names both. It knows nothing of sampling."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import MouseDown, MouseMove
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

__all__ = ["Slider"]


class Slider(Widget, can_focus=True):
    """A label, the value and a rail; `position` is the index of the stop that the knob stands on."""

    DEFAULT_CSS = """
    Slider { height: 1; width: 1fr; padding: 0 1; }
    Slider:focus { background: $primary-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,down", "move(-1)", "less", show=False),
        Binding("right,up", "move(1)", "more", show=False),
        Binding("home", "move(-1000)", "least", show=False),
        Binding("end", "move(1000)", "most", show=False),
    ]

    position: reactive[int] = reactive(0)

    class Moved(Message):
        """The person moved the knob to another stop."""

        def __init__(self, slider: "Slider", value: float) -> None:
            super().__init__()
            self.slider = slider
            self.value = value

        @property
        def control(self) -> "Slider":
            """The slider, for `@on` selectors."""
            return self.slider

    def __init__(
        self, label: str, stops: Sequence[float], value: float, words: Callable[[float], str], *, id: str
    ) -> None:
        """Place the knob on `value`, which becomes a stop if it is none.

        Args:
            label: what is set, with its keys.
            stops: the values from left to right; a value that is no stop goes before the first larger one.
            words: how a value reads, at most five characters.
        """
        super().__init__(id=id)
        self.label, self.words = label, words
        self.stops = list(stops)
        if value not in self.stops:
            self.stops.insert(next((i for i, stop in enumerate(stops) if stop > value), 0), value)
        self.set_reactive(Slider.position, self.stops.index(value))

    @property
    def value(self) -> float:
        """The value the knob stands on."""
        return self.stops[self.position]

    def render(self) -> Content:
        """Return label, value and rail in one line."""
        head = self._head()
        n_rail = max(3, self.content_size.width - len(head))
        knob = round(self.position / max(1, len(self.stops) - 1) * (n_rail - 1))
        rail = ("━" * knob, "$primary"), ("●", "bold $text-accent"), ("─" * (n_rail - 1 - knob), "$foreground 40%")
        return Content.assemble(head, *rail)

    def action_move(self, n_stops: int) -> None:
        """Move the knob by that many stops and say so, unless it stands at the end already."""
        position = min(len(self.stops) - 1, max(0, self.position + n_stops))
        if position != self.position:
            self.position = position
            self.post_message(self.Moved(self, self.value))

    def on_mouse_down(self, event: MouseDown) -> None:
        """Put the knob where the mouse is."""
        self._follow(event.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Drag the knob while the button is held."""
        if event.button:
            self._follow(event.x)

    def _follow(self, x: int) -> None:
        n_head = len(self._head()) + 1  # the widget's padding
        n_rail = max(3, self.content_size.width - len(self._head()))
        fraction = (x - n_head) / max(1, n_rail - 1)
        self.action_move(round(min(1.0, max(0.0, fraction)) * (len(self.stops) - 1)) - self.position)

    def _head(self) -> str:
        return f"{self.label} {self.words(self.value):>5} "
