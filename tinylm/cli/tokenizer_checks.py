"""What `tinylm train-tokenizer` refuses before any work."""

import secrets
from pathlib import Path

from tinylm.errors import DiskProblem, UsageError

__all__ = ["check_destination"]

_OUR_FILES = {"tokenizer.json", "tokenizer_config.json"}


def check_destination(out: Path, sizes: tuple[int, ...], *, may_replace: bool) -> None:
    """Refuse, before any work, a place that cannot be written or that holds something that is not to be replaced.

    Raises: DiskProblem when it cannot be written; UsageError when it holds other files or a tokenizer that has to stay.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise DiskProblem(f"{out}: exists and is no directory; choose another --out")
    if out.is_dir():
        ours = _OUR_FILES if len(sizes) <= 1 else set(map(str, sizes))
        found = {path.name for path in out.iterdir()}
        if foreign := sorted(found - ours):
            raise UsageError(f"{out}: holds other files ({', '.join(foreign[:3])}); choose an empty or new --out")
        if found and not may_replace:
            raise UsageError(f"{out}: holds a tokenizer already; choose another --out, or add --replace")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        trial = out.with_name(f".tmp-{out.name}-{secrets.token_hex(4)}")
        trial.mkdir()  # permissions alone do not tell, of root or of /proc
        trial.rmdir()
    except OSError as error:
        raise DiskProblem(f"{out}: cannot be made ({error.strerror}); choose another --out") from None
