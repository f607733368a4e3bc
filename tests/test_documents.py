"""The project's own documents: what they name exists, and nothing in the repository names a machine of ours."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer

from tinylm.cli.app import COMMANDS, build

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

MORE_DOCUMENTS = [ROOT / "examples" / "03-guide.md", ROOT / "models" / "starter" / "README.md", ROOT / "CHANGELOG.md"]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_in_documents_exist(document: Path) -> None:
    """A path in backticks that begins with a folder of the repository is there."""
    text = document.read_text("utf-8")
    folders = "tinylm|server|extension|scripts|tests|docs|models|examples|benchmarks"
    paths = re.findall(rf"`((?:{folders})/[\w./-]+)`", text)
    # `tinylm/tokens` is a message of the protocol; a path ends with a slash or has a suffix.
    named = {path for path in paths if path.endswith("/") or "." in path}
    named |= set(re.findall(r"\]\(((?!http|#)[^)#]+)", text))

    missing = [name for name in named if not (ROOT / name).exists() and not (document.parent / name).exists()]

    assert not missing


@pytest.mark.parametrize("document", [*DOCUMENTS, *MORE_DOCUMENTS], ids=lambda path: path.name)
def test_editor_commands_in_documents_exist(document: Path) -> None:
    """What a document calls `TinyLM: …` has that title in the extension's manifest."""
    manifest = json.loads((ROOT / "package.json").read_text("utf-8"))
    titles = {command["title"].removesuffix("...") for command in manifest["contributes"]["commands"]}

    named = re.findall(r"`TinyLM: ([^`]+)`", document.read_text("utf-8"))

    assert {title.removesuffix("...") for title in named} <= titles


@pytest.mark.parametrize("document", [*DOCUMENTS, *MORE_DOCUMENTS], ids=lambda path: path.name)
def test_command_lines_in_documents_can_be_run(document: Path) -> None:
    """Every command line of `tinylm`, in a block or in backticks, names a subcommand and options that there are."""
    text = document.read_text("utf-8").replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ \S*/?|\S*/)?tinylm ([a-z].*)$", text, re.MULTILINE)
    for line in [*lines, *re.findall(r"`tinylm ([a-z][^`]*)`", text)]:
        words = shlex.split(re.sub(r"\$\(.*\)", "", line), comments=True)
        assert words[0] in COMMANDS, line
        command = typer.main.get_command(build(words)).commands[words[0]]
        options = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
        assert {word for word in words if word.startswith("--")} <= options | {"--help"}, line


def test_no_file_names_a_machine() -> None:
    """No file holds an absolute path of a workplace or the address of a package mirror."""
    pattern = re.compile(rb"(?<![\w.])/(?:work|farm)/|/opt/pypi|/root/\.pyenv")
    named = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.is_file()
        and path.suffix not in {".safetensors", ".png"}
        and path != Path(__file__)
        and pattern.search(path.read_bytes())
    ]

    assert not named


def test_lock_file_names_no_registry() -> None:
    """`package-lock.json` works with whichever registry npm is set up for."""
    assert '"resolved": "http' not in (ROOT / "package-lock.json").read_text("utf-8")
