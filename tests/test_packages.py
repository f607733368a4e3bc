"""Which packages TinyLM needs is stated for pip, for the doctor, for `npm start` and for the extension: they agree."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

import tinylm
from tinylm import extras
from tinylm.doctor import SERVING
from tinylm.extras import TRAINING_PACKAGES, install_command

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[ ]", requirement, maxsplit=1)[0] for requirement in requirements}


def strings_in(file: str, opening: str) -> set[str]:
    """Return the quoted words of the list that follows `opening` in a file."""
    text = (ROOT / file).read_text("utf-8")
    found = re.search(re.escape(opening) + r"\s*\[(.*?)\]", text, re.DOTALL)
    assert found, f"{file} has no list after {opening}"
    return set(re.findall(r"""['"]([\w-]+)['"]""", found[1]))


def test_the_doctor_looks_at_what_pip_installs() -> None:
    assert set(SERVING) == names(PROJECT["dependencies"])


def test_every_training_package_is_in_the_extra() -> None:
    assert set(TRAINING_PACKAGES) <= names(PROJECT["optional-dependencies"]["train"])


def test_torch_is_pinned_where_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constraints, the command that is printed and the README name one version; a torch that is there is left alone."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(extras, "missing_packages", lambda *names: list(names))
    pinned = install_command()
    pin = next(line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line.startswith("torch="))

    assert pinned == f'{sys.executable} -m pip install {pin} "tinylm[train]"'
    for document in ("README.md", "docs/troubleshooting.md"):
        assert f"pip install {pin}" in (ROOT / document).read_text("utf-8")
    monkeypatch.setattr(extras, "missing_packages", lambda *names: [])
    assert install_command() == pinned.replace(f"{pin} ", "")
    monkeypatch.setattr(extras, "missing_packages", lambda *names: list(names))
    (tmp_path / "nvidia-smi").touch(mode=0o755)
    assert install_command() == pinned.replace(f"{pin} ", "")


def test_the_extension_offers_the_same_extras() -> None:
    assert strings_in("extension/src/setup.ts", "train:") == set(TRAINING_PACKAGES)
    assert strings_in("extension/src/setup.ts", "fast:") == names(PROJECT["optional-dependencies"]["fast"])


def test_npm_start_looks_at_what_pip_installs() -> None:
    assert strings_in("scripts/python.mjs", "serve:") == {*SERVING, "tinylm", "tinylm_server"}


def test_constraints_name_an_exact_version_of_every_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    exact = {line.split("==")[0].lower() for line in lines if re.fullmatch(r"[\w.-]+==[\w.+]+.*", line)}

    extras = PROJECT["optional-dependencies"]
    assert names(PROJECT["dependencies"]) | names(extras["train"]) | names(extras["fast"]) <= exact


def test_the_project_has_one_version() -> None:
    manifest = json.loads((ROOT / "package.json").read_text("utf-8"))

    assert manifest["version"] == PROJECT["version"] == tinylm.__version__


def test_the_oldest_python_is_the_same_everywhere() -> None:
    oldest = PROJECT["requires-python"].removeprefix(">=")

    for file, opening in [
        ("scripts/python.mjs", "OLDEST = "),
        ("extension/src/python.ts", "OLDEST_PYTHON: Version = "),
    ]:
        assert f"{opening}[{oldest.replace('.', ', ')}];" in (ROOT / file).read_text("utf-8"), file
    assert f"Python {oldest} or newer" in (ROOT / "README.md").read_text("utf-8")
