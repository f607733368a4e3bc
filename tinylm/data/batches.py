"""Gather a stream of documents into batches of about the same size, so that work on them has steps of a known cost."""

from collections.abc import Iterable, Iterator

__all__ = ["batches_of"]


def batches_of(documents: Iterable[str], n_chars: int) -> Iterator[list[str]]:
    """Yield the documents in order, in lists that end with the document that reaches `n_chars` code points.

    No list is empty, and the last one, however short, comes like the others.
    """
    batch: list[str] = []
    n_gathered = 0
    for document in documents:
        batch.append(document)
        n_gathered += len(document)
        if n_gathered >= n_chars:
            yield batch
            batch, n_gathered = [], 0
    if batch:
        yield batch
