"""An analysis as one HTML file that needs nothing else: no script, no font, no image, no network.

The text stands as it is, a span for each cell. A choice of views (radio buttons and CSS) colours it by any heat map in
the editor's colours, draws lines instead of colours, or shows the boundaries alone. What is undefined is hatched and
a character split over tokens is striped, in every view, as in the editor. Every cell can be reached by the
keyboard and says its numbers in its title, which is also what screen readers read. Light or dark as the reader's
system asks. The Content-Security-Policy in it allows styles and nothing else.
"""

from collections.abc import Iterator
from html import escape

from tinylm.analysis.cells import Cell, cells_of
from tinylm.analysis.document import facts_of
from tinylm.analysis.heat import DARK, LIGHT, N_BUCKETS, HeatMode, bucket_of, legend, title_of
from tinylm.analysis.listing import instead_of, notes_of, printable, visible_text
from tinylm.analysis.rows import Analyzed, TokenRow
from tinylm.analysis.wording import hex_bytes, is_plain, percent, signed

__all__ = ["describe_cell", "html_pieces"]

_LINES = "lines"
_BOUNDARIES = "boundaries"
# The letter of each heat map in the classes of a cell: `s3` is bucket 3 of surprisal.
_LETTERS = {
    HeatMode.surprisal: "s", HeatMode.rank: "r", HeatMode.entropy: "e", HeatMode.surplus: "u", HeatMode.ratio: "d",
}  # fmt: skip
# Borders of the view without colour, from bucket 1: those of the editor.
_BORDERS = (
    "0 0 1px dotted", "0 0 1px dashed", "0 0 1px solid", "0 0 2px solid", "0 0 3px solid", "0 0 4px solid",
    "1px 1px 4px solid",
)  # fmt: skip

_STYLE = """
:root { color-scheme: light dark; --ink: #3b3b3b; --paper: #ffffff; --edge: #0000002e; --even: #1a75d626;
  --odd: #d98e0030; --strong: #3b3b3b; --pattern: #3b3b3b66;
  --focus: #005fb8; %(light)s }
@media (prefers-color-scheme: dark) { :root { --ink: #cccccc; --paper: #1f1f1f; --edge: #ffffff2e; --even: #3794ff33;
  --odd: #e2a84433; --strong: #cccccc; --pattern: #cccccc59; --focus: #4daafc; %(dark)s } }
body { --hatch: repeating-linear-gradient(-45deg, var(--pattern) 0 1px, transparent 1px 5px);
  --stripes: repeating-linear-gradient(90deg, var(--pattern) 0 1px, transparent 1px 4px);
  margin: 2em auto; max-width: 60em; padding: 0 1em; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif; }
main { font: 16px/1.9 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.key { display: none; margin: 0.3em 0 1em; }
.key b { font-weight: normal; padding: 0 0.4em; margin-right: 0.2em; color: var(--ink); }
.c { position: relative; border: 0 solid var(--strong); box-shadow: inset 1px 0 var(--edge); }
.c:focus { outline: 2px solid var(--focus); z-index: 1; }
.c:focus::after { content: attr(title); position: absolute; left: 0; top: 100%%; width: max-content; max-width: 46em;
  padding: 0.4em 0.6em; border: 1px solid var(--focus); color: var(--ink); background: var(--paper);
  font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; }
.undefined { background-image: var(--hatch); }
.split { background-image: var(--stripes); }
.undefined.split { background-image: var(--hatch), var(--stripes); }
@media print { * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def html_pieces(analyzed: Analyzed, view: HeatMode | None = HeatMode.surprisal) -> Iterator[str]:
    """Yield the page; `view` is the heat map that is chosen when it is opened, None for boundaries alone."""
    vocab_size = analyzed.model.tokenizer.vocab_size
    title = f"Tokens of {escape(printable(analyzed.source))}"
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_style()}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    )
    yield from _views(_BOUNDARIES if view is None else view)
    yield from _keys(vocab_size)
    yield "<main>"
    for cell in cells_of(analyzed):
        yield _cell(cell, vocab_size)
    yield "</main>\n"
    for note in notes_of(analyzed):
        yield f"<p>{escape(note)}</p>\n"
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(printable(value))}</dd>\n" for name, value in facts_of(analyzed)
    )
    yield f"<dl>\n{facts}</dl>\n</body>\n</html>\n"


def _style() -> str:
    def colours(palette: tuple[str, ...]) -> str:
        return " ".join(f"--h{bucket}: {colour};" for bucket, colour in enumerate(palette))

    rules = [
        f"#{mode}:checked ~ main .{letter}{bucket} {{ background-color: var(--h{bucket}); }}"
        for mode, letter in _LETTERS.items()
        for bucket in range(N_BUCKETS)
    ]
    rules += [f".b{bucket} {{ background-color: var(--h{bucket}); }}" for bucket in range(N_BUCKETS)]
    for bucket, border in enumerate(_BORDERS, 1):
        width, _, style = border.rpartition(" ")
        where = f"#{_LINES}:checked ~ main .s{bucket}, .l{bucket}"
        rules.append(
            f"{where} {{ border-style: {style}; border-width: {_widths(width)}; border-color: var(--strong); }}"
        )
    rules.append(f"#{_BOUNDARIES}:checked ~ main .c {{ background-color: var(--even); }}")
    rules.append(f"#{_BOUNDARIES}:checked ~ main .odd {{ background-color: var(--odd); }}")
    rules += [f"#{view}:checked ~ .key-{view} {{ display: block; }}" for view in [*HeatMode, _LINES, _BOUNDARIES]]
    return _STYLE % {"light": colours(LIGHT), "dark": colours(DARK)} + "\n".join(rules) + "\n"


def _widths(sides: str) -> str:
    """Return `top side bottom` as CSS wants it: top, right, bottom, left."""
    top, side, bottom = sides.split()
    return f"{top} {side} {bottom} {side}"


def _views(chosen: str) -> Iterator[str]:
    """Yield the choice of views. Plain siblings of the text, so that CSS alone can follow it."""
    names = {
        **{str(mode): str(mode) for mode in HeatMode},
        _LINES: "surprisal without colour",
        _BOUNDARIES: _BOUNDARIES,
    }
    for view, name in names.items():
        checked = " checked" if view == chosen else ""
        yield f'<input type="radio" name="view" id="{view}"{checked}><label for="{view}">{name}</label>\n'


def _keys(vocab_size: int) -> Iterator[str]:
    """Yield the legend of each view; CSS shows that of the chosen one."""
    undefined = '<b class="undefined">undefined</b> <b class="split">split over tokens</b>'
    for mode in HeatMode:
        entries = " ".join(f'<b class="b{bucket}">{escape(label)}</b>' for bucket, label in legend(mode, vocab_size))
        yield f'<p class="key key-{mode}">{escape(title_of(mode))}: {entries} {undefined}</p>\n'
    entries = " ".join(f'<b class="l{bucket}">{label}</b>' for bucket, label in legend(HeatMode.surprisal, vocab_size))
    yield f'<p class="key key-{_LINES}">{title_of(HeatMode.surprisal)}: {entries} {undefined}</p>\n'
    yield f'<p class="key key-{_BOUNDARIES}">Every other token of a line is shaded. {undefined}</p>\n'


def _cell(cell: Cell, vocab_size: int) -> str:
    classes = ["c"]
    for mode, letter in _LETTERS.items():
        bucket = bucket_of(cell, mode, vocab_size)
        if bucket is not None:
            classes.append(f"{letter}{bucket}")
        elif "undefined" not in classes:
            classes.append("undefined")
    if cell.is_odd:
        classes.append("odd")
    if cell.is_split:
        classes.append("split")
    title = escape(describe_cell(cell)).replace("\n", "&#10;")
    opening = f'<span class="{" ".join(classes)}" tabindex="0" role="img" title="{title}">'
    return f"{opening}{escape(printable(cell.text))}</span>"


def describe_cell(cell: Cell) -> str:
    """Return a cell's numbers in a few plain lines; of a split character those of every part too."""
    lines = [f"{visible_text(cell)} = {len(cell.rows)} tokens, together {_figures(cell)}"] if cell.is_split else []
    for row in cell.rows:
        data = "" if is_plain(row.data) else f", bytes {hex_bytes(row.data)}"
        lines.append(f"{row.visible}, id {row.token_id}{data}: {_figures(row)}")
        lines.append(
            f"rank {row.rank}, p/p_max {percent(row.logprob - row.max_logprob)}, "
            f"entropy {signed(row.entropy_bits)} bits, surprisal−entropy {signed(row.surplus_bits)} bits"
        )
        if row.alternatives:
            lines.append(f"instead {instead_of(row)}")
    context = f"context {cell.context_tokens} tokens" if cell.context_tokens else "predicted from <|endoftext|>"
    return "\n".join([*lines, context + (", short" if cell.is_short and cell.context_tokens else "")])


def _figures(each: Cell | TokenRow) -> str:
    return f"p {percent(each.logprob)}, log p {signed(each.logprob)} nats, surprisal {signed(each.surprisal_bits)} bits"
