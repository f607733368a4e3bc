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

__all__ = ["demo"]


def demo(
    model: Annotated[
        Path | None, typer.Option(help="A model directory; the starter model when absent.", show_default=False)
    ] = None,
    prompt: Annotated[
        str, typer.Option(help="The text to continue; it can be changed in the demo.")
    ] = "Once upon a time",
    temperature: Annotated[
        float, typer.Option(help="0 always takes the most likely token; 1 is the model's own.")
    ] = 0.8,
    top_k: Annotated[int, typer.Option(help="Keep the k most likely candidates; 0 keeps all.")] = 40,
    top_p: Annotated[float, typer.Option(help="Keep the most likely candidates up to this much probability.")] = 0.95,
    seed: Annotated[
        int | None,
        typer.Option(help="The same seed draws the same tokens; a fresh one when absent.", show_default=False),
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Stop after this many tokens.")] = 200,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines of plain text instead of the app.")] = False,
) -> None:
    """Watch the model write, token by token, and steer it while it runs."""
    from tinylm.demo.session import Session
    from tinylm.model.language_model import LanguageModel, starter_model_directory
    from tinylm.model.sampling import SamplingConfig

    sampling = SamplingConfig(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    language_model = LanguageModel.load(starter_model_directory() if model is None else model)
    session = Session(
        language_model.tokenizer,
        language_model.decoder,
        prompt=prompt,
        sampling=sampling,
        max_tokens=max_tokens,
    )
    name = f"{language_model.name}, {language_model.engine.n_params / 1e6:.1f} M parameters"
    if plain or not _has_terminal():
        from tinylm.demo.plain import plain_lines

        if isinstance(sys.stdout, io.TextIOWrapper):  # an ASCII-only terminal still gets every line
            sys.stdout.reconfigure(errors="backslashreplace")
        for line in plain_lines(session, name):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        return
    from tinylm.demo.app import DemoApp

    DemoApp(session, name, is_light=_has_light_background()).run()


def _has_terminal() -> bool:
    # Textual reads standard input and paints on standard error, so all three count.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def _has_light_background() -> bool:
    # rxvt, Konsole and others set COLORFGBG="foreground;background"; 7 and 15 are their whites. The key d switches.
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
