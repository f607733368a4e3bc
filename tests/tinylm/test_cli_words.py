"""Words that fit no command, option or type: one line that says what, where and what next, and exit code 2."""

import re
import subprocess
import sys

import pytest
import typer

import tinylm
from tinylm.cli.app import COMMANDS, build, main


def said_for(words, capfd):
    with pytest.raises(SystemExit) as leaving:
        main(words)
    out, err = capfd.readouterr()
    return leaving.value.code, out, err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["generate", "--seed", "abc", "Once"], "--seed"),
        (["generate", "--nope"], "--nope"),
        (["generate", "Once", "--top-p"], "--top-p"),
        (["generate", "Once", "upon"], "upon"),
        (["sample-data", "--stories", "many", "--out", "x"], "--"),
        (["nosuch"], "nosuch"),
        (["--nope"], "--nope"),
    ],
)
def test_wrong_words_are_one_line_and_code_2(words, said, capfd):
    code, out, err = said_for(words, capfd)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and err.startswith("error: ") and said in err
    command = f"tinylm {words[0]}" if words[0] in COMMANDS else "tinylm"
    assert err.endswith((f"; see `{command} --help`\n", "; see `tinylm --help`\n"))


def test_no_words_and_help_list_the_commands(capfd):
    for words in ([], ["--help"], ["-h"]):
        code, out, err = said_for(words, capfd)
        assert (code, err) == (0, "") and all(name in out for name in COMMANDS)


def help_of_options(command, capfd, monkeypatch):
    """What `--help` says of each option, by its name."""
    monkeypatch.setenv("COLUMNS", "250")
    _, out, _ = said_for([command, "--help"], capfd)
    rows, name = {}, None
    for line in out.splitlines():
        begins = re.match(r"│ +(?:\* +)?(--[\w-]+) ", line)
        name = begins[1] if begins else name if line.startswith("│ ") else None
        if name is not None:
            rows[name] = f"{rows.get(name, '')} {line.strip('│ ')}"
    return rows


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_what_holds_without_each_option(name, capfd, monkeypatch):
    """Its default, or in words what happens; an option that only switches something on is off without it."""
    rows = help_of_options(name, capfd, monkeypatch)
    command = typer.main.get_command(build([name])).commands[name]
    options = [each for each in command.params if each.opts[0].startswith("--")]
    assert {each.opts[0] for each in options} == rows.keys() - {"--help"}
    for option in options:
        said = rows[option.opts[0]]
        if option.required:
            assert "[required]" in said
        elif option.default is None and not option.is_flag:
            assert re.search(r"\[default: \(|without it|when absent|needs it", said, re.IGNORECASE), said
        elif option.default is not None and (not option.is_flag or option.secondary_opts):
            shown = option.opts[0].removeprefix("--") if option.is_flag else option.default
            assert f"[default: {shown}]" in said, said


def test_version_is_told(capfd):
    assert said_for(["--version"], capfd) == (0, f"tinylm {tinylm.__version__}\n", "")


def test_reader_that_leaves_ends_the_command_quietly():
    """`tinylm analyze ... | head -1`: exit code 141 as for other programs, and no word of it."""
    command = [sys.executable, "-m", "tinylm", "sample-data", "--stories", "2000", "--out", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141
