"""The demo's help: every key and every mark in one screen. Closed by any key."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static

from tinylm.demo.keys import HELP

__all__ = ["HelpScreen"]


class HelpScreen(ModalScreen[None]):
    """Lists the keys over the demo."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 78; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; padding: 0 1; background: $surface;
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = "Keys"
            box.border_subtitle = "any key closes"
            yield Static(HELP.rstrip(), markup=False)

    def on_key(self, event: Key) -> None:
        """Close."""
        event.stop()
        self.dismiss()
