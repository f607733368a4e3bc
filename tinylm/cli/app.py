"""The command line's entrance: names the subcommands, imports the one that is called, turns errors into exit codes.

It does no work of its own. A subcommand lives in `tinylm/cli/<module>.py` as one function with typer annotations.
"""

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import typer

import tinylm
from tinylm.cli.threads import use_one_thread
from tinylm.errors import Interrupted, TinyLMError

__all__ = ["COMMANDS", "build", "main"]

# name -> (module and function, the line that `tinylm --help` shows). The help stands here so that it needs no imports.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Watch the model write, token by token, and steer it while it runs."),
    "analyze": ("analyze", "Show every token of a text with its probability, rank and alternatives."),
    "generate": ("generate", "Continue a prompt; the tokens stream as they are chosen."),
    "train-tokenizer": ("train_tokenizer", "Train a byte-level BPE tokenizer on a corpus."),
    "train": ("train", "Train a small GPT-2 on a corpus; interrupt it and resume it at any time."),
    "watch": ("watch", "Watch a training run from another terminal, or look at one that is over."),
    "learned": ("learned", "Show a text as a training run learned it: its surprisal at every step that was kept."),
    "plot": ("plot", "Draw the curves of one or more training runs into an SVG or PNG file."),
    "evaluate": ("evaluate", "Measure nats per token, perplexity and bits per byte over a text."),
    "compare": ("compare", "Compare two models on a text: bits per byte, how sure it is, and where they differ most."),
    "sample-data": ("sample_data", "Write the project's own generated stories to a file."),
    "doctor": ("doctor", "Say what is installed, what works and what to do about the rest."),
}


# What typer raises for words that fit no command, option or type, under the one name that all its versions share.
_WrongWords: Any = typer.BadParameter.__base__


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the exit code that `tinylm.errors` documents.

    Args:
        arguments: the words after `tinylm`; those of the process when absent.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    use_one_thread()  # before any command imports NumPy; torch has threads of its own
    try:
        command = typer.main.get_command(build(words))
        with command.make_context("tinylm", words) as context:  # not command.main(): that hides a pipe that closed
            sys.exit(command.invoke(context) or 0)
    except typer.Exit as end:
        sys.exit(end.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`head`, a pager) left. Python would complain once more while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except _WrongWords as error:
        _tell(f"error: {_one_line(error)}")
        sys.exit(2)
    except Interrupted as stop:
        _tell(str(stop))
        sys.exit(stop.exit_code)
    except TinyLMError as error:
        logging.getLogger("tinylm").debug("details", exc_info=error)
        _tell(f"error: {error}")
        sys.exit(error.exit_code)


def build(words: Sequence[str]) -> typer.Typer:
    """Return the application for these words: the command they call is imported, the others are names with a help line.

    Args:
        words: the words after `tinylm`.
    """
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        help="See, train and write with a tiny language model.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    called = next((word for word in words if not word.startswith("-")), None)
    for name, (module, help_line) in COMMANDS.items():
        function: Callable[..., None] = _not_called
        if name == called:
            function = getattr(importlib.import_module(f"tinylm.cli.{module}"), module)
        app.command(name, help=help_line if function is _not_called else None, short_help=help_line)(function)
    return app


def _tell(line: str) -> None:
    """Write the last line; where nobody can read it any more, or the disk of the log is full, the exit code tells."""
    with suppress(OSError):
        typer.echo(line, err=True)


def _one_line(error: Any) -> str:
    """Return what typer says in several lines as one, with what to do next."""
    said = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx is not None else "tinylm"
    if command.endswith(" generate") and said.startswith("Got unexpected extra argument"):
        said += "; the text to go on from is --prompt"
    return f"{said[:1].lower()}{said[1:]}; see `{command} --help`"


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"tinylm {tinylm.__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Take the options before the command; each acts by itself."""


def _not_called() -> None:
    raise AssertionError("a command that was not named was called")


if __name__ == "__main__":
    main()
