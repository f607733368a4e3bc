"""`tinylm generate`: continue a prompt; the text streams as it is chosen.

The prompt may end anywhere, even inside a word: it is continued exactly (see `tinylm.model.boundary`).
"""

import codecs
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinylm.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinylm.model.generation import Step
    from tinylm.model.language_model import LanguageModel

__all__ = ["generate"]


def generate(
    prompt: Annotated[str, typer.Option(help="The text to continue; empty begins a document.")] = "Once upon a time",
    model: Annotated[
        Path | None, typer.Option(help="A model directory; the starter model when absent.", show_default=False)
    ] = None,
    temperature: Annotated[float, typer.Option(help="0 takes the most likely token; 1 is the model's own.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Keep the k most likely tokens; 0 keeps all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Keep the most likely tokens up to this much probability.")] = 0.95,
    min_p: Annotated[
        float, typer.Option(help="Keep tokens at least this fraction as likely as the most likely one.")
    ] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option(help="The same seed writes the same text; a fresh one when absent.", show_default=False),
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Stop after this many tokens.")] = 200,
    show_tokens: Annotated[
        bool, typer.Option("--show-tokens", help="Show where each token begins and how likely it was.")
    ] = False,
) -> None:
    """Continue a prompt; the tokens stream as they are chosen."""
    if not 0 <= max_tokens <= 1_000_000:
        raise UsageError(f"--max-tokens is {max_tokens}, expected 0 to 1,000,000")
    from tinylm.cli.terminal import write_any_text
    from tinylm.model.cursor_generation import cursor_of, generate_at
    from tinylm.model.language_model import LanguageModel, starter_model_directory
    from tinylm.model.sampling import SamplingConfig

    write_any_text()
    config = SamplingConfig(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, seed=seed)
    language_model = LanguageModel.load(starter_model_directory() if model is None else model)
    steps = generate_at(language_model, cursor_of(language_model, prompt), config, max_tokens, n_alternatives=0)
    if show_tokens:
        _show_tokens(language_model, prompt, steps)
    else:
        _stream(prompt, steps)


def _stream(prompt: str, steps: "Iterator[Step]") -> None:
    """Write the text as it grows; a character appears when its last byte is there."""
    characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
    sys.stdout.write(prompt)
    sys.stdout.flush()
    for step in steps:
        sys.stdout.write(_for_terminal(characters.decode(step.bytes)))
        sys.stdout.flush()
    sys.stdout.write(_for_terminal(characters.decode(b"", final=True)) + "\n")


def _for_terminal(text: str) -> str:
    """Return text whose control characters cannot act on a terminal. In a pipe everything stays as it is."""
    from tinylm.tokens.byte_level import visible_char

    if not sys.stdout.isatty():
        return text
    return "".join(char if char in "\n\t" or char.isprintable() else visible_char(char) for char in text)


def _show_tokens(model: "LanguageModel", prompt: str, steps: "Iterator[Step]") -> None:
    """Write each token with its shade; without colour, a line each with its numbers."""
    from rich.text import Text

    from tinylm.analysis.coloured import heat_style
    from tinylm.analysis.listing import format_probability
    from tinylm.cli.terminal import new_console
    from tinylm.tokens.byte_level import visible_from_bytes

    console = new_console()
    if console.color_system is None:
        sys.stdout.write(f"{prompt}\n")
        for number, step in enumerate(steps, 1):
            shown = visible_from_bytes(step.bytes) or model.tokenizer.visible(step.token_id)
            sys.stdout.write(
                f"{number:>5}  {shown:<18}  id {step.token_id:>5}  p {format_probability(math.exp(step.logprob)):>6}  "
                f"sampled {format_probability(math.exp(step.sampled_logprob)):>6}  rank {step.rank}\n"
            )
            sys.stdout.flush()
        return
    console.print(Text(prompt), end="", soft_wrap=True)
    few_colours = console.color_system == "standard"
    uniform_bits = math.log2(model.tokenizer.vocab_size)
    for number, step in enumerate(steps):
        bits = -step.logprob / math.log(2.0)
        shown = visible_from_bytes(step.bytes).replace("·", " ") or model.tokenizer.visible(step.token_id)
        console.print(
            Text(shown, heat_style(bits, uniform_bits, odd=number % 2 == 1, few_colours=few_colours)),
            end="",
            soft_wrap=True,
        )
        if b"\n" in step.bytes:
            console.print()
    console.print()
