"""`tinylm generate`: continue a prompt; the text streams as it is chosen.

The prompt may end anywhere, even inside a word: it is continued exactly (see `tinylm.model.boundary`).
"""

import codecs
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinylm.cli import sampling_options as options
from tinylm.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinylm.model.generation import Step
    from tinylm.model.language_model import LanguageModel
    from tinylm.model.stop_strings import StopStrings

__all__ = ["generate"]


def generate(
    prompt: Annotated[str, typer.Option(help="The text to continue; empty begins a document.")] = "Once upon a time",
    model: Annotated[
        Path | None, typer.Option(help="A model directory; the starter model when absent.", show_default=False)
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Stop after this many tokens.")] = 200,
    show_tokens: Annotated[
        bool, typer.Option("--show-tokens", help="Show where each token begins and how likely it was.")
    ] = False,
    json_lines: Annotated[
        bool,
        typer.Option("--json-lines", help="Print each step as a line of JSON, with its alternatives and their cuts."),
    ] = False,
    repetition_penalty: options.RepetitionPenalty = 1.0,
    presence_penalty: options.PresencePenalty = 0.0,
    temperature: options.Temperature = 0.8,
    top_k: options.TopK = 0,
    top_p: options.TopP = 0.95,
    min_p: options.MinP = 0.0,
    typical_p: options.TypicalP = 1.0,
    seed: options.Seed = None,
    stop: options.Stop = None,
) -> None:
    """Continue a prompt; the tokens stream as they are chosen."""
    if not 0 <= max_tokens <= 1_000_000:
        raise UsageError(f"--max-tokens is {max_tokens}, expected 0 to 1,000,000")
    if show_tokens and json_lines:
        raise UsageError("--show-tokens and --json-lines exclude each other; leave one out")
    from tinylm.cli.terminal import write_any_text
    from tinylm.model.cursor_generation import cursor_of, generate_at
    from tinylm.model.language_model import LanguageModel, starter_model_directory
    from tinylm.model.sampling import SamplingConfig
    from tinylm.model.stop_strings import StopStrings

    write_any_text()
    config = SamplingConfig(temperature, top_k, top_p, min_p, seed, typical_p, repetition_penalty, presence_penalty)
    stops = StopStrings(stop or [])
    language_model = LanguageModel.load(starter_model_directory() if model is None else model)
    cursor = cursor_of(language_model, prompt)
    steps = generate_at(language_model, cursor, config, max_tokens, n_alternatives=10 if json_lines else 0)
    if json_lines:
        _print_json_lines(language_model, steps, stops)
    elif show_tokens:
        _show_tokens(language_model, prompt, _until_stopped(steps, stops))
    else:
        _stream(prompt, steps, stops)


def _until_stopped(steps: "Iterator[Step]", stops: "StopStrings") -> "Iterator[Step]":
    """Yield the steps up to the one that completes a stop string, that one too: its token was chosen."""
    for step in steps:
        stops.feed(step.bytes)
        yield step
        if stops.found is not None:
            return


def _stream(prompt: str, steps: "Iterator[Step]", stops: "StopStrings") -> None:
    """Write the text as it grows; a character appears when its last byte is there and no stop string can begin."""
    characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
    sys.stdout.write(prompt)
    sys.stdout.flush()
    for step in steps:
        sys.stdout.write(_for_terminal(characters.decode(stops.feed(step.bytes))))
        sys.stdout.flush()
        if stops.found is not None:
            break
    sys.stdout.write(_for_terminal(characters.decode(stops.finish(), final=True)) + "\n")


def _print_json_lines(model: "LanguageModel", steps: "Iterator[Step]", stops: "StopStrings") -> None:
    """Write one object a line: `step` for each token, then `end` with the reason and the text that was held back."""
    from tinylm.analysis.steps import step_record

    characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
    n_tokens, reason = 0, "finished"
    for step in steps:
        if step.token_id == model.tokenizer.end_of_text_id:
            reason = "endOfText"
            break
        record = step_record(model.tokenizer, step, n_tokens, characters.decode(stops.feed(step.bytes)))
        _print_json({"type": "step", **record})
        n_tokens += 1
        if stops.found is not None:
            reason = "stopString"
            break
    _print_json({"type": "end", "reason": reason, "stop": stops.found, "nTokens": n_tokens,
                 "rest": characters.decode(stops.finish(), final=True)})  # fmt: skip


def _print_json(record: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _for_terminal(text: str) -> str:
    """Return text whose control characters cannot act on a terminal. In a pipe everything stays as it is."""
    from tinylm.tokens.byte_level import visible_char

    if not sys.stdout.isatty():
        return text
    return "".join(char if char in "\n\t" or char.isprintable() else visible_char(char) for char in text)


def _show_tokens(model: "LanguageModel", prompt: str, steps: "Iterator[Step]") -> None:
    """Write each token with its colours and the key below; without colour, a line each with its numbers."""
    from rich.text import Text

    from tinylm.analysis.coloured import heat_style, key
    from tinylm.analysis.heat import HeatMode, surprisal_bucket
    from tinylm.analysis.wording import NATS_PER_BIT, percent
    from tinylm.cli.terminal import new_console
    from tinylm.tokens.byte_level import visible_from_bytes

    console = new_console()
    colours, vocab_size = console.color_system, model.tokenizer.vocab_size
    if colours is None:
        sys.stdout.write(f"{prompt}\n")
        for number, step in enumerate(steps, 1):
            shown = visible_from_bytes(step.bytes) or model.tokenizer.visible(step.token_id)
            sys.stdout.write(
                f"{number:>5}  {shown:<18}  id {step.token_id:>5}  p {percent(step.logprob):>7}  "
                f"sampled {percent(step.sampled_logprob):>7}  rank {step.rank}\n"
            )
            sys.stdout.flush()
        return
    console.print(Text(prompt), end="", soft_wrap=True)
    for number, step in enumerate(steps):
        style = heat_style(
            surprisal_bucket(-step.logprob / NATS_PER_BIT, vocab_size), odd=number % 2 == 1, colours=colours
        )
        shown = visible_from_bytes(step.bytes).replace("·", " ") or model.tokenizer.visible(step.token_id)
        console.print(Text(shown, style), end="", soft_wrap=True)
        if b"\n" in step.bytes:
            console.print()
    console.print()
    console.print(key(HeatMode.surprisal, vocab_size, colours), soft_wrap=True)
