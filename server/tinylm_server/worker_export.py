"""The worker's part of an export: a text analysed and written in a format, piece by piece.

The formats are the library's own (`tinylm.analysis.formats`), so that the editor exports what `tinylm analyze` writes.
"""

from collections.abc import Callable, Generator

from tinylm.analysis.formats import ALTERNATIVES, ExportFormat, pieces_of
from tinylm.analysis.rows import analyze_text
from tinylm.model.language_model import LanguageModel
from tinylm_server.frames import Frame

__all__ = ["export_steps"]

# Characters sent at a time; a frame costs about 0.1 ms.
_FRAME_CHARS = 16_384
# Pieces written between two looks for something more urgent: at most one of them scores 128 tokens.
_PIECES_A_STEP = 32


def export_steps(model: LanguageModel, frame: Frame, check: Callable[[], None]) -> Generator[Frame | None, None, Frame]:
    """Yield the text of an export in frames, with how far it is; the answer has the totals."""
    values = frame.header
    format = ExportFormat(values["format"])
    analyzed = analyze_text(
        model, values["text"], ALTERNATIVES[format], check, source=values["source"], note=values["note"]
    )
    waiting, n_chars = [], 0
    for number, piece in enumerate(pieces_of(analyzed, format)):
        waiting.append(piece)
        n_chars += len(piece)
        if n_chars >= _FRAME_CHARS:
            yield _frame(waiting, analyzed.summary.n_tokens, analyzed.n_tokens)
            waiting, n_chars = [], 0
        elif number % _PIECES_A_STEP == 0:
            yield None
    yield _frame(waiting, analyzed.n_tokens, analyzed.n_tokens)
    return Frame({"nTokens": analyzed.n_tokens, "nBytes": analyzed.n_bytes})


def _frame(pieces: list[str], n_done: int, n_tokens: int) -> Frame:
    return Frame({"text": "".join(pieces), "nDone": n_done, "nTokens": n_tokens})
