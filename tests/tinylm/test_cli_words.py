"""Words that fit no command, option or type: one line that says what, where and what next, and exit code 2."""

import subprocess
import sys

import pytest

import tinylm
from tinylm.cli.app import COMMANDS, main


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
