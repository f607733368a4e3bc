"""Stream a dataset of the Hugging Face Hub, or a local folder in the same layout, through `datasets`.

Only reached when a person named such a dataset. No code of the dataset runs, and nothing is downloaded that is not
read: rows come one after the other. The package is imported on first use, since serving does without it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinylm.data.readers import TEXT_FIELDS, Tally
from tinylm.data.sources import Source
from tinylm.errors import BadData, EnvironmentProblem

__all__ = ["HubSource"]


class HubSource(Source):
    """The rows of one split of a dataset, in the dataset's order."""

    def __init__(self, name: str, split: str = "train") -> None:
        super().__init__(name)
        self.split = split
        self._rows: Any = None  # datasets.IterableDataset, whose package ships no types

    def documents(self) -> Iterator[str]:
        """Yield the text of each row.

        Raises: BadData when there is no such dataset, split or text column; EnvironmentProblem without `datasets`.
        """
        self.tally = Tally()
        rows = self._open()
        column = next((name for name in TEXT_FIELDS if name in (rows.column_names or TEXT_FIELDS)), None)
        if column is None:
            raise BadData(f"{self.name}: no column named {', '.join(TEXT_FIELDS)}; name another dataset")
        n_documents = 0
        for row in rows:
            text = row.get(column)
            if isinstance(text, str) and text and not text.isspace():
                self.tally.bytes_read += len(text.encode("utf-8", "replace"))
                n_documents += 1
                yield text
        if not n_documents:
            raise BadData(f"{self.name}: no text in the split {self.split}; name another")

    def fingerprint(self) -> str:
        """Return the SHA-256 over the dataset's name, split and revision; for a local folder over its files' sizes."""
        digest = hashlib.sha256(f"hub {self.name} {self.split}\n".encode())
        for url, checksum in sorted((self._open().info.download_checksums or {}).items()):
            digest.update(f"{url} {checksum}\n".encode())
        return digest.hexdigest()

    def _open(self) -> Any:
        if self._rows is not None:
            return self._rows
        try:
            import datasets
        except ImportError:
            raise EnvironmentProblem(
                f"{self.name}: reading a dataset of the Hub needs datasets; install it: pip install 'tinylm[train]'"
            ) from None
        try:
            self._rows = datasets.load_dataset(self.name, split=self.split, streaming=True)
        except (OSError, ValueError) as error:
            here = Path(self.name).exists()
            reason = str(error).splitlines()[0][:200]
            advice = "check the folder" if here else "check the name and the connection"
            raise BadData(
                f"{self.name}: no file here, and not readable as a Hub dataset ({reason}); {advice}"
            ) from None
        return self._rows
