"""`npm start` refuses what it cannot do before it sets anything up: one line, with what to do next."""

import socket
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/start.mjs as npm does; every case here ends before the first step of the set-up."""
    command = ["node", str(REPOSITORY / "scripts" / "start.mjs"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_start_refuses_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = start("--port", str(port))
    assert (ended.returncode, ended.stdout) == (7, "")
    assert ended.stderr == f"error: port {port} is in use: choose another with --port, or leave it out\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port", "65536"], "error: --port 65536: give a number from 1 to 65535"),
        (["--port", "http"], "error: --port http: give a number from 1 to 65535"),
        (
            ["--folder", str(REPOSITORY / "no-such-folder")],
            f"error: {REPOSITORY}/no-such-folder is not a folder: give --folder one that exists",
        ),
        (
            ["--folder", str(REPOSITORY / "README.md")],
            f"error: {REPOSITORY}/README.md is not a folder: give --folder one that exists",
        ),
        (["--prt", "1"], "error: Unknown option '--prt'"),
    ],
)
def test_start_refuses_bad_arguments(arguments: list[str], line: str) -> None:
    ended = start(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[0] == line
