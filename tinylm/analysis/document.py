"""An analysis as a Markdown document: what it rests on, then a table with a row for each token.

Rounded for reading, units in the heading. Text stands in code only (`tinylm.analysis.markdown`).
"""

from collections.abc import Iterator

from tinylm.analysis.cells import cells_of
from tinylm.analysis.listing import notes_of, visible_text
from tinylm.analysis.markdown import code_span, fenced, table_head, table_row
from tinylm.analysis.rows import Analyzed
from tinylm.analysis.wording import hex_bytes, percent, signed
from tinylm.model.windows import RULE

__all__ = ["facts_of", "markdown_pieces"]

_HEADER = ("#", "token", "id", "bytes", "p", "log p (nats)", "surprisal (bits)", "rank", "entropy (bits)")
_LAST = ("context (tokens)", "instead")


def markdown_pieces(analyzed: Analyzed) -> Iterator[str]:
    """Yield the document; the totals stand at the end."""
    yield f"# Tokens of {code_span(analyzed.source)}\n\n"
    yield fenced([f"{name}: {value}" for name, value in facts_of(analyzed)]) + "\n\n"
    yield table_head([*_HEADER, *_LAST], "rlrlrrrrrrl") + "\n"
    for cell in cells_of(analyzed):
        if cell.is_split:
            figures = [percent(cell.logprob), signed(cell.logprob, 3), signed(cell.surprisal_bits)]
            shown = code_span(visible_text(cell), in_table=True)
            yield table_row(["", shown, "", f"{len(cell.rows)} tokens together", *figures, "", "", "", ""]) + "\n"
        for row in cell.rows:
            instead = [f"{code_span(text, in_table=True)} {percent(logprob)}" for _, text, logprob in row.alternatives]
            yield table_row([
                str(row.index), code_span(row.visible, in_table=True), str(row.token_id), hex_bytes(row.data),
                percent(row.logprob), signed(row.logprob, 3), signed(row.surprisal_bits), str(row.rank),
                signed(row.entropy_bits), str(row.context_tokens), ", ".join(instead),
            ]) + "\n"  # fmt: skip
    for note in notes_of(analyzed):
        yield f"\n{code_span(note)}\n"


def facts_of(analyzed: Analyzed) -> list[tuple[str, str]]:
    """Return what every value rests on: model, tokenizer, window rule."""
    model = analyzed.model
    return [
        ("model", f"{model.name}, {model.engine.n_params:,} parameters, SHA-256 {model.id}…"),
        ("tokenizer", f"{model.tokenizer.vocab_size:,} entries, SHA-256 {model.tokenizer.id}…"),
        ("context", f"block_size {model.engine.config.block_size}; {RULE}"),
    ]
