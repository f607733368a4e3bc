"""At most one running and one waiting request for each document and kind of request; the newest wins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pygls.exceptions import JsonRpcContentModified

__all__ = ["Turns"]

Key = tuple[str, str]


class Turns:
    """Hands out turns by key. A request that is overtaken by a newer one gets -32801."""

    def __init__(self) -> None:
        self._running: dict[Key, asyncio.Task[Any]] = {}
        self._waiting: dict[Key, asyncio.Future[None]] = {}
        self._ended: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def turn(self, uri: str, kind: str, *, ends_older: bool = False) -> AsyncIterator[None]:
        """Wait for the turn of (uri, kind) and hold it. Raises JsonRpcContentModified when overtaken.

        Args:
            uri, kind: whose turn.
            ends_older: a request that runs is overtaken too, not only one that waits: nobody wants its answer.
        """
        key, task = (uri, kind), asyncio.current_task()
        assert task is not None
        if key in self._running:
            if ends_older:
                self._end(self._running[key])
            await self._wait(key)
        self._running[key] = task
        try:
            if ends_older and key in self._waiting:
                raise _overtaken()
            yield
        except asyncio.CancelledError:
            if task not in self._ended:
                raise
            task.uncancel()
            raise _overtaken() from None
        finally:
            self._ended.discard(task)
            self._release(key)

    def _end(self, older: asyncio.Task[Any]) -> None:
        if older not in self._ended and older.cancel():
            self._ended.add(older)

    async def _wait(self, key: Key) -> None:
        if (older := self._waiting.pop(key, None)) is not None and not older.done():
            older.set_exception(_overtaken())
        mine = self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            await mine
        except asyncio.CancelledError:
            if self._waiting.get(key) is mine:
                del self._waiting[key]
            elif mine.done() and not mine.cancelled() and mine.exception() is None:
                self._release(key)  # the turn had just been handed over
            raise

    def _release(self, key: Key) -> None:
        """Hand the turn over; it stays taken until the next one has used it."""
        following = self._waiting.pop(key, None)
        if following is not None and not following.done():
            following.set_result(None)
        else:
            self._running.pop(key, None)


def _overtaken() -> JsonRpcContentModified:
    return JsonRpcContentModified("overtaken by a newer request of the same kind")
