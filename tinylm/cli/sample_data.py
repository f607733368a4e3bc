"""`tinylm sample-data`: write the project's own generated stories to a file, whole or not at all.

The stories come from `tinylm.data.stories`. The file has the layout of TinyStories: a line `<|endoftext|>` after each.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from tinylm.analysis.wording import data_size
from tinylm.data.stories import stories
from tinylm.errors import UsageError
from tinylm.files import disk_errors, flush_to_disk

__all__ = ["sample_data"]


def sample_data(
    out: Annotated[str, typer.Option(help="The file to write, or - for standard output.")],
    n_stories: Annotated[int, typer.Option("--stories", min=1, help="How many stories.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same stories everywhere.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write generated children's stories, each followed by a line `<|endoftext|>`."""
    if out == "-":
        for text in documents(n_stories, seed):
            typer.echo(text, nl=False)
        return
    path = Path(out)
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file in it, such as {path / 'stories.txt'}")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; choose another name, or pass --force to replace it")
    write_whole(path, documents(n_stories, seed))
    stories_written = "1 story" if n_stories == 1 else f"{n_stories:,} stories"
    typer.echo(f"{stories_written}, {data_size(path.stat().st_size)}: {path}", err=True)


def documents(n_stories: int, seed: int) -> Iterator[str]:
    """Yield each story with the line that ends it."""
    for text in stories(n_stories, seed):
        yield f"{text}\n<|endoftext|>\n"


def write_whole(path: Path, texts: Iterator[str]) -> None:
    """Write `texts` to a temporary neighbor of `path`, then rename it, so that nobody sees a part of the file.

    `tinylm.files.write_file` does the same for bytes in memory; here a million stories may pass through.

    Raises: DiskProblem when the place cannot be written; the old file is then as it was.
    """
    temporary = path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")
    with disk_errors(path, "writing stories"):
        try:
            with temporary.open("x", encoding="utf-8", newline="\n") as file:
                file.writelines(texts)
            flush_to_disk(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        flush_to_disk(path.parent)
