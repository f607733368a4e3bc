"""What each pane of the demo shows, as styled content: pure functions of the session, the place looked at and a width.

Colours are the theme's own variables, so that light, dark and NO_COLOR terminals all read well; nothing is said by
colour alone. Keys, timers and layout are app.py's.
"""

from dataclasses import replace

from rich.cells import cell_len, set_cell_size
from textual.content import Content, Span
from textual.style import Style

from tinylm.analysis.wording import percent_of, proportion_bar
from tinylm.demo.cells import Cell, cells_from_bytes, printable
from tinylm.demo.describe import Row, candidate_rows, facts
from tinylm.session.session import Session

__all__ = ["TOKEN", "candidates_pane", "cumulative_pane", "facts_pane", "text_pane", "tokens_pane"]

MUTED = "$foreground 60%"
BANDS = ("$foreground on $primary-muted", "$foreground on $warning-muted")
PROMPT_BANDS = ("$foreground on $surface", "$foreground on $panel")
LOOKED_AT = "bold reverse"
N_SHOWN = 500  # tokens painted, the newest; painting takes about 0.1 ms each
TOKEN = "token"  # the key under which a character's style names its token, for clicks


def text_pane(session: Session, look: int | None, *, has_colour: bool = True) -> Content:
    """Return the clean text, each cell on its band; a click on one looks at its first token.

    Where there is no colour, every second cell is underlined instead.
    """
    painted = _Painted(session, look)
    for band, cell in _cells(session, look):
        tokens = range(cell.first_token, cell.first_token + cell.n_tokens)
        painted.add(printable(cell.text), tokens, band, "" if has_colour or not band % 2 else " underline")
    return painted.content()


def tokens_pane(session: Session, look: int | None) -> Content:
    """Return the raw tokens on the bands of their cells, separated by spaces."""
    painted = _Painted(session, look)
    ids = session.ids
    for band, cell in _cells(session, look):
        for index in range(cell.first_token, cell.first_token + cell.n_tokens):
            painted.add(printable(session.vocabulary.raw(ids[index])), range(index, index + 1), band)
            painted.text += " "
    return painted.content()


def facts_pane(session: Session, look: int | None, width: int) -> Content:
    """Return the numbers of the token looked at, of the last one when none is."""
    index = len(session.ids) - 1 if look is None else look
    if index < 0:
        return Content.styled("No token yet: press → for the first one.", MUTED)
    lines = [
        Content.assemble((f"{label:<12}", MUTED), set_cell_size(value, max(1, width - 12)))
        for label, value in facts(session, index)
    ]
    return Content("\n").join(lines)


def candidates_pane(session: Session, look: int | None, width: int, n: int) -> Content:
    """Return the n most likely candidates with bars; what the filters cut is struck through and named.

    `▶` marks where the draw falls under the settings of this moment, `●` the token that stands in the text.
    """
    if look is None and session.ended:
        return Content.styled(f"The end: {session.ended}.\nPress ← to go back, r to start again.", MUTED)
    outlook = session.outlook(look)
    marks: dict[int, str] = {}
    if look is None or look >= session.n_prompt:
        marks[outlook.chosen_by(session.draw(look))] = "▶"
    if look is not None:
        marks[outlook.place(session.ids[look])] = "●"
    rows = candidate_rows(session, outlook, list(marks), n)
    return Content("\n").join([_candidate(row, marks.get(row.place, " "), max(3, width - 29)) for row in rows])


def cumulative_pane(session: Session, look: int | None, width: int) -> Content:
    """Return two lines: the survivors' stretches of [0, 1) end to end, and the draw that falls on one of them."""
    if look is None and session.ended:
        return Content("")
    outlook, draw = session.outlook(look), session.draw(look)
    parts: list[tuple[str, str]] = []
    column = 0
    for place, upper in enumerate(outlook.cumulative):
        end = round(float(upper) * width)
        if end > column:
            label = "▏" + session.vocabulary.visible(int(outlook.ids[place]))
            parts.append((set_cell_size(label, end - column), BANDS[len(parts) % 2]))
            column = end
        if column >= width:
            break
    if look is not None and look < session.n_prompt:
        return Content.assemble(*parts, "\n", ("these tokens are the prompt's: nothing was drawn", MUTED))
    if session.sampling.temperature == 0:
        return Content.assemble(*parts, "\n", ("temperature 0 is greedy: no draw is needed", MUTED))
    pointer = min(width - 1, int(draw * width))
    said = f" draw {draw:.4f} "
    line = " " * pointer + "▲" + said if pointer + len(said) < width else " " * (pointer - len(said)) + said + "▲"
    return Content.assemble(*parts, "\n", (line, "bold $text-accent"))


def _candidate(row: Row, mark: str, n_bar: int) -> Content:
    key = str((row.place + 1) % 10) if row.place < 10 else "…"
    is_marked = mark != " "
    style = f"{MUTED} strike" if row.cut_by else "bold $text-accent" if is_marked else ""
    return Content.assemble(
        (f"{key}{mark}", "bold" if is_marked else MUTED),
        (name := row.visible if cell_len(row.visible) <= 10 else set_cell_size(row.visible, 9) + "…", style),
        " " * (10 - cell_len(name)) + ("*" if row.place == 0 else " "),
        (f"{proportion_bar(row.probability, n_bar):<{n_bar}}", MUTED if row.cut_by else "$primary"),
        f"{percent_of(row.probability):>8}",
        (f"{row.cut_by or percent_of(row.sampled):>8}", "$text-error" if row.cut_by else ""),
    )


def _cells(session: Session, look: int | None) -> list[tuple[int, Cell]]:
    """Return the cells to paint, each with its band: the newest, or those from the token looked at on."""
    ids = session.ids
    newest = max(0, len(ids) - N_SHOWN)
    first = newest if look is None else min(newest, look)
    cells = cells_from_bytes([session.vocabulary.token_bytes(token_id) for token_id in ids[first : first + N_SHOWN]])
    return [(band, replace(cell, first_token=cell.first_token + first)) for band, cell in enumerate(cells, first)]


class _Painted:
    """Text and its styles, grown cell by cell: joining that many contents would cost ten times as much."""

    def __init__(self, session: Session, look: int | None) -> None:
        self.text = ""
        self._spans: list[Span] = []
        self._n_prompt, self._look = session.n_prompt, look

    def add(self, text: str, tokens: range, band: int, more: str = "") -> None:
        """Append the text of some tokens; a click on it will name the first of them."""
        bands = PROMPT_BANDS if tokens.start < self._n_prompt else BANDS
        style = (LOOKED_AT if self._look in tokens else bands[band % 2]) + more
        start, end = len(self.text), len(self.text) + len(text)
        self._spans += [Span(start, end, style), Span(start, end, Style.from_meta({TOKEN: tokens.start}))]
        self.text += text

    def content(self) -> Content:
        """Return what was added."""
        return Content(self.text, self._spans)
