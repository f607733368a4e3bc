"""The commands around the model: choose one, list those there are, restart the worker."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from tinylm_server import params as check
from tinylm_server.models import chosen_directory, found_models

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["list_models", "restart_worker", "select_model"]


async def select_model(ls: "Server", argument: Any = None) -> dict[str, Any]:
    """Use the model in a directory; null means the starter model."""
    path = check.mapping(argument, "argument").get("path")
    if path is not None and (not isinstance(path, str) or not Path(path).is_absolute() or "\0" in path):
        raise JsonRpcInvalidParams(f"path: expected an absolute path or null, got {str(path)[:80]!r}")
    return await ls.host.select(chosen_directory(path or ""))


async def list_models(ls: "Server", *arguments: Any) -> list[dict[str, Any]]:
    """Return the starter model, those in the training folder, those of this workspace's jobs, and the current one."""
    from tinylm.model.language_model import model_name

    jobs = [Path(job.record.run) / "model" for job in ls.jobs.all() if job.progress.model is not None]
    paths = [chosen_directory(""), *found_models(_training_folder(ls)), *jobs]
    if ls.host.directory is not None:
        paths.append(ls.host.directory)
    return [
        {
            "path": str(path),
            "name": model_name(path),
            "current": path == ls.host.directory,
        }
        for path in dict.fromkeys(paths)
        if path.is_dir()
    ]


async def restart_worker(ls: "Server", *arguments: Any) -> None:
    """Stop the worker and start it anew."""
    await ls.host.restart(ls.settings)


def _training_folder(ls: "Server") -> Path:
    if ls.settings.training_folder:
        return Path(ls.settings.training_folder).expanduser()
    return Path(ls.workspace_folder()) / "tinylm-runs"
