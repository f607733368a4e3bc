"""`tinylm demo`: watch a model write token by token, in a Textual app or as plain text.

It checks the arguments, loads the model and chooses the rendering; the rest is `tinylm.demo`. Without a terminal on
both ends, on a dumb one, or with --plain, the same information is printed as lines.
"""

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tinylm.cli import sampling_options as options

__all__ = ["demo"]


def demo(
    model: Annotated[
        Path | None, typer.Option(help="A model directory; the starter model when absent.", show_default=False)
    ] = None,
    prompt: Annotated[
        str, typer.Option(help="The text to continue; it can be changed in the demo.")
    ] = "Once upon a time",
    max_tokens: Annotated[int, typer.Option(help="Stop after this many tokens.")] = 200,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines of plain text instead of the app.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option(
            help="Show a saved session again, token by token; then it is yours. Without it, a new one begins.",
            show_default=False,
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Save the session, every branch of it, when the demo ends; without it, nothing is kept.",
            show_default=False,
        ),
    ] = None,
    repetition_penalty: options.RepetitionPenalty = 1.0,
    presence_penalty: options.PresencePenalty = 0.0,
    temperature: options.Temperature = 0.8,
    top_k: options.TopK = 40,
    top_p: options.TopP = 0.95,
    min_p: options.MinP = 0.0,
    typical_p: options.TypicalP = 1.0,
    seed: options.Seed = None,
    stop: options.Stop = None,
) -> None:
    """Watch the model write, token by token, and steer it while it runs."""
    from tinylm.model.language_model import LanguageModel, starter_model_directory
    from tinylm.model.sampling import SamplingConfig
    from tinylm.session.session import Session
    from tinylm.session.session_file import load_session, save_session

    sampling = SamplingConfig(temperature, top_k, top_p, min_p, seed, typical_p, repetition_penalty, presence_penalty)
    language_model = LanguageModel.load(starter_model_directory() if model is None else model)
    if replay is not None:
        session, replayed = load_session(replay, language_model)
    else:
        session = Session(
            language_model.tokenizer,
            language_model.decoder,
            prompt=prompt,
            sampling=sampling,
            max_tokens=max_tokens,
            stop=stop or [],
        )
        replayed = None
    name = f"{language_model.name}, {language_model.engine.n_params / 1e6:.1f} M parameters"
    if plain or not _has_terminal():
        from tinylm.demo.plain import plain_lines

        if isinstance(sys.stdout, io.TextIOWrapper):  # an ASCII-only terminal still gets every line
            sys.stdout.reconfigure(errors="backslashreplace")
        for line in plain_lines(session, name, replayed):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    else:
        from tinylm.demo.app import DemoApp

        DemoApp(session, name, replay=replayed, is_light=_has_light_background()).run()
    if save is not None:
        save_session(session, language_model, save)


def _has_terminal() -> bool:
    # Textual reads standard input and paints on standard error, so all three count.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def _has_light_background() -> bool:
    # rxvt, Konsole and others set COLORFGBG="foreground;background"; 7 and 15 are their whites. The key d switches.
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
