"""The demo as plain text: one labelled line a token as it is chosen, then clean text and raw tokens.

For pipes, files and screen readers: no colour, no cursor movement, every number carries its name.
"""

from collections.abc import Iterator

from tinylm.analysis.wording import percent_of
from tinylm.demo.cells import printable
from tinylm.demo.describe import candidate_rows, facts, raw_tokens, settings_line, survivors_line
from tinylm.session.replay import Replay
from tinylm.session.session import Session

__all__ = ["plain_lines"]

N_ALTERNATIVES = 3


def plain_lines(session: Session, model: str, replay: Replay | None = None) -> Iterator[str]:
    """Generate until the text ends, or replay, and yield each line as soon as it is known.

    Args:
        session: at the end of its prompt.
        model: the model's name for the first line.
        replay: of that session. Each line has the token's number in its branch: a number that does not grow is where
            another branch began.
    """
    yield f"model: {model}"
    yield f"settings: {settings_line(session)}"
    yield f"prompt: {printable(session.prompt)!r}, {session.n_prompt} tokens"
    step = session.step if replay is None else replay.step
    while step() is not None:
        yield _token_line(session, session.n_prompt + session.n_generated - 1)
    yield f"ended: {session.ended or 'the saved session'}"
    yield ""
    yield "text:"
    yield printable(session.text)
    yield ""
    yield "tokens:"
    yield raw_tokens(session)


def _token_line(session: Session, index: int) -> str:
    number = index - session.n_prompt + 1
    said = "  ".join(f"{label} {value}" for label, value in facts(session, index))
    outlook = session.outlook(index)
    chosen = outlook.place(session.ids[index])
    others = [row for row in candidate_rows(session, outlook, [], N_ALTERNATIVES + 1) if row.place != chosen]
    instead = ", ".join(
        f"{row.visible} {percent_of(row.probability)}" + (f" (cut by {row.cut_by})" if row.cut_by else "")
        for row in others[:N_ALTERNATIVES]
    )
    return f"{number}  {said}  instead {instead}  candidates {survivors_line(outlook)}"
