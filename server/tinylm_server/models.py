"""Which model directories there are: the starter, the chosen one, and those that training runs made."""

from pathlib import Path

from tinylm.errors import UsageError

__all__ = ["chosen_directory", "found_models", "is_model_directory"]

NEEDED = ("config.json", "model.safetensors", "tokenizer.json")


def chosen_directory(setting: str) -> Path:
    """Return the directory that the setting `tinylm.model.path` names; the starter model for "".

    Raises:
        UsageError: it is no absolute path, or no directory.
    """
    if not setting:
        from tinylm.model.language_model import starter_model_directory

        return starter_model_directory()
    path = Path(setting).expanduser()
    if not path.is_absolute():
        raise UsageError(f'setting "tinylm.model.path": {setting!r} is not an absolute path; give the whole path')
    if not path.is_dir():
        raise UsageError(f'setting "tinylm.model.path": there is no directory {path}; choose another model')
    return path


def is_model_directory(path: Path) -> bool:
    """Say whether a directory holds the files of a model."""
    return all((path / name).is_file() for name in NEEDED)


def found_models(folder: Path) -> list[Path]:
    """Return the models in a folder: `<folder>/<run>/model` of training runs, and those lying there directly."""
    if not folder.is_dir():
        return []
    candidates = [path for entry in sorted(folder.iterdir()) for path in (entry / "model", entry)]
    return [path for path in candidates if is_model_directory(path)]
