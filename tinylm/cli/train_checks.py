"""What `tinylm train` refuses before it imports torch, which takes seconds, on a slow machine a minute.

The run itself (`tinylm.training.loop`) checks again: it may be called from elsewhere, and by several processes.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinylm.cli.terminal import new_console
from tinylm.errors import EnvironmentProblem, UsageError
from tinylm.extras import install_command, missing_packages

if TYPE_CHECKING:
    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm.training.config import TrainConfig

__all__ = [
    "check_alone",
    "check_budget",
    "check_inputs",
    "check_new_run",
    "check_resumable",
    "loading_torch",
    "require_torch",
]


def require_torch() -> None:
    """Make sure that the training extra is there, without importing it. Raises: EnvironmentProblem."""
    missing = missing_packages("torch", "transformers")
    if missing:
        raise EnvironmentProblem(f"training needs {' and '.join(missing)}; run: {install_command()}")


def check_budget(budget: str, given: dict[str, Any]) -> None:
    """Refuse a time that is none, and one beside a number of steps. Raises: UsageError."""
    from tinylm.training.budget import seconds_from_text

    seconds_from_text(budget)
    if "steps" in given:
        raise UsageError("--budget decides how many steps there are; leave --steps away, or --budget")


def check_alone() -> None:
    """Refuse, where several processes train together, what measures one. Raises: UsageError, EnvironmentProblem."""
    if _is_alone():
        return
    from tinylm.training.team import n_processes

    if n_processes() > 1:
        raise UsageError("--budget and --dry-run measure one process; with several, give --steps")


def check_new_run(config: "TrainConfig") -> None:
    """Refuse a place, a tokenizer, a model to go on from or a corpus with which no run can begin.

    Several processes do this together, later: what ends one of them has to end all.

    Raises:
        BadData, DiskProblem, IncompatibleCheckpoint, UsageError: see the messages.
    """
    if not _is_alone():
        return
    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm.training.corpus import check_corpus
    from tinylm.training.run_directory import RunDirectory

    RunDirectory(Path(config.out)).check_new()
    tokenizer = Tokenizer.load(Path(config.tokenizer))
    _check_origin(config, tokenizer)
    check_corpus(config, tokenizer)


def check_resumable(config: "TrainConfig") -> None:
    """Refuse a run in which another process trains, unless that is one of those which train together.

    Raises:
        Locked: another process trains there.
    """
    from tinylm.training.run_directory import RunDirectory

    if _is_alone():
        RunDirectory(Path(config.out)).check_free()


def check_inputs(config: "TrainConfig", tokenizer: Path | None) -> None:
    """Refuse a tokenizer, a model to go on from or a corpus as `check_new_run` does, wherever the run would go.

    Args:
        tokenizer: None where it is not trained yet; then the first document of each source is read, not its tokens.

    Raises:
        BadData, DiskProblem, IncompatibleCheckpoint, UsageError: see the messages.
    """
    from tinylm.tokens.tokenizer import Tokenizer
    from tinylm.training.corpus import check_corpus, open_corpus_sources

    if tokenizer is not None:
        loaded = Tokenizer.load(tokenizer)
        _check_origin(config, loaded)
        check_corpus(config, loaded)
        return
    sources, validation = open_corpus_sources(config)
    for source in sources if validation is None else (*sources, validation):
        next(source.documents())


def _check_origin(config: "TrainConfig", tokenizer: "Tokenizer") -> None:
    """Refuse a model to go on from that does not fit, or whose weights cannot be read."""
    if config.init_from is None:
        return
    from tinylm.model.config import load_config
    from tinylm.model.weights import load_tensors
    from tinylm.training.origin import check_fits

    model = Path(config.init_from)
    check_fits(model, config, tokenizer)
    load_tensors(model, load_config(model))


def loading_torch() -> AbstractContextManager[object]:
    """Say on a terminal, while the block runs, what takes so long; the line goes with the block."""
    console = new_console(stderr=True)
    return console.status("loading torch ...") if console.is_terminal and _is_alone() else nullcontext()


def _is_alone() -> bool:
    return os.environ.get("WORLD_SIZE", "1") == "1"
