"""The command line's entrance: names the subcommands, imports the one that is called, turns errors into exit codes.

It does no work of its own. A subcommand lives in `tinylm/cli/<name>.py` as one function with typer annotations.
"""

import importlib
import logging
import os
import sys
from collections.abc import Sequence

import click
import typer
from typer.main import get_command

import tinylm
from tinylm.errors import TinyLMError

__all__ = ["COMMANDS", "main"]

# name -> (module, function, the line that `tinylm --help` shows). The help stands here so that it needs no imports.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Watch the model write, token by token, and steer it while it runs."),
    "analyze": ("analyze", "analyze", "Show every token of a text with its probability, rank and alternatives."),
    "generate": ("generate", "generate", "Continue a prompt; the tokens stream as they are chosen."),
    "train-tokenizer": ("train_tokenizer", "train_tokenizer", "Train a byte-level BPE tokenizer on a corpus."),
    "train": ("train", "train", "Train a small GPT-2 on a corpus; interrupt it and resume it at any time."),
    "evaluate": ("evaluate", "evaluate", "Measure nats per token, perplexity and bits per byte over a text."),
    "sample-data": ("sample_data", "sample_data", "Write the project's own generated stories to a file."),
    "doctor": ("doctor", "doctor", "Say what is installed, what works and what to do about the rest."),
}


class LazyGroup(click.Group):
    """Lists every command without importing any; a command's module is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module_name, function_name, _ = COMMANDS[cmd_name]
        module = importlib.import_module(f"tinylm.cli.{module_name}")
        app = typer.Typer(add_completion=False)
        app.command(name=cmd_name)(getattr(module, function_name))
        return get_command(app)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tinylm.__version__, prog_name="tinylm")
def cli() -> None:
    """See, train and write with a tiny language model."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the exit code that `tinylm.errors` documents.

    Args:
        arguments: the words after `tinylm`; those of the process when absent.
    """
    try:
        result = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`head`, a pager) left. Python would complain once more while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except TinyLMError as error:
        logging.getLogger("tinylm").debug("details", exc_info=error)
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
