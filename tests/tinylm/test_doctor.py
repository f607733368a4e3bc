"""`tinylm doctor` on this machine and on installations that lack something."""

import json
from importlib import metadata

import pytest

from tinylm import doctor
from tinylm.cli.app import main
from tinylm.model import language_model


@pytest.fixture
def starter(model_directory, monkeypatch):
    """The small test model in the starter's place."""
    monkeypatch.setattr(language_model, "starter_model_directory", lambda: model_directory)
    return model_directory


def run(capsys, *arguments):
    """Run the command and return its exit code and standard output."""
    with pytest.raises(SystemExit) as left:
        main(["doctor", *arguments])
    return left.value.code, capsys.readouterr().out


def by_name(report):
    return {check.name: check for check in report.checks}


def test_a_sound_installation_is_said_to_work(starter, capsys):
    code, out = run(capsys, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["ok"] is True
    assert {check["name"] for check in found["checks"]} >= {
        "python",
        "serving",
        "training",
        "starter model",
        "self-check",
    }
    assert all(check["state"] == "ok" or check["next"] for check in found["checks"])
    assert found["versions"]["numpy"] == metadata.version("numpy")
    assert "bits per byte" in next(c["detail"] for c in found["checks"] if c["name"] == "self-check")


def test_without_the_training_extra_serving_still_works(starter, monkeypatch):
    monkeypatch.setattr(doctor, "TRAINING", ("torch", "a-package-that-nobody-has"))
    report = doctor.examine()
    training = by_name(report)["training"]
    assert report.ok
    assert training.state == "note"
    assert "a-package-that-nobody-has" in training.detail
    assert "tinylm[train]" in training.next


def test_training_packages_that_do_not_import_are_a_note_with_the_reason(starter, monkeypatch):
    monkeypatch.setattr(doctor, "TRAINING_PROGRAM", "raise ImportError('libcudart is missing')")
    training = by_name(doctor.examine())["training"]
    assert training.state == "note"
    assert "libcudart is missing" in training.detail


def test_a_missing_serving_package_is_a_problem_and_exit_code_7(starter, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "SERVING", ("numpy", "a_module_that_nobody_has"))
    monkeypatch.setattr(doctor, "TRAINING", ())
    monkeypatch.setattr(doctor, "TRAINING_PROGRAM", 'print(\'{"gpu": null, "threads": 1}\')')
    code, out = run(capsys)
    assert code == 7
    assert "PROBLEM" in out
    assert "a_module_that_nobody_has" in out
    assert "pip install" in out


def test_a_missing_starter_model_is_a_problem_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(language_model, "starter_model_directory", lambda: tmp_path / "starter")
    report = doctor.examine(training=False)
    assert not report.ok
    assert by_name(report)["starter model"].next


def test_little_disk_space_is_a_note(starter, monkeypatch):
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 10**18)
    report = doctor.examine(training=False)
    assert report.ok
    assert by_name(report)["disk"].state == "note"
    assert by_name(report)["memory"].state == "note"
