"""Stream a dataset of the Hugging Face Hub, or a local folder in the same layout, through `datasets`.

Only reached when a person named such a dataset. No code of the dataset runs, and rows come one after the other, so
that no more is fetched than is read. The package is imported on first use, since serving does without it.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinylm.data.readers import TEXT_FIELDS, Tally
from tinylm.data.sources import Check, Source
from tinylm.errors import BadData, EnvironmentProblem
from tinylm.extras import install_command

__all__ = ["HubSource"]

# Where a data file's address names the commit it comes from, the address stands for its bytes.
_PINNED = re.compile(r"hf://datasets/[^@]+@[0-9a-f]{40}/")


class HubSource(Source):
    """The rows of one split of a dataset, in the dataset's order."""

    def __init__(self, name: str, split: str = "train") -> None:
        super().__init__(name)
        self.split = split
        self._cached_builder: Any = None  # datasets.DatasetBuilder; the package ships no types

    def documents(self) -> Iterator[str]:
        """Yield the text of each row.

        Raises: BadData when there is no such dataset, split or text column; EnvironmentProblem without `datasets`.
        """
        self.tally = Tally()
        builder = self._builder()
        n_documents = 0
        try:
            rows = builder.as_streaming_dataset(split=self.split)
            for row in rows:
                text = next((row[name] for name in TEXT_FIELDS if isinstance(row.get(name), str)), None)
                if text is None:
                    raise BadData(
                        f"{self.name}: no column {', '.join(TEXT_FIELDS)} in {', '.join(row)}; name other data"
                    )
                if text and not text.isspace():
                    self.tally.bytes_read += len(text.encode("utf-8", "replace"))
                    n_documents += 1
                    yield text
        except (OSError, ValueError) as error:
            raise BadData(f"{self.name}: reading the split {self.split} failed ({_first_line(error)})") from None
        if not n_documents:
            raise BadData(f"{self.name}: no text in the split {self.split}; name another")

    def fingerprint(self, check: Check = lambda: None) -> str:
        """Return the SHA-256 over the addresses of the data, which name a commit; of a local folder over its text."""
        digest = hashlib.sha256(f"hub {self.split}\n".encode())
        addresses = [str(address) for address in (self._builder().config.data_files or {}).get(self.split, [])]
        if addresses and all(_PINNED.match(address) for address in addresses):
            digest.update("\n".join(addresses).encode())
        else:
            for document in self.documents():
                check()
                digest.update(document.encode("utf-8", "replace") + b"\0")
        return digest.hexdigest()

    def _builder(self) -> Any:
        if self._cached_builder is not None:
            return self._cached_builder
        try:
            import datasets
        except ImportError:
            raise EnvironmentProblem(
                f"{self.name}: reading a dataset of the Hub needs datasets; run: {install_command()}"
            ) from None
        try:
            self._cached_builder = datasets.load_dataset_builder(self.name)
        except (OSError, ValueError) as error:
            where = "" if Path(self.name).exists() else "no file here, and "
            raise BadData(
                f"{self.name}: {where}not readable as a dataset of the Hub ({_first_line(error)}); "
                "check the name and the connection"
            ) from None
        return self._cached_builder


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
