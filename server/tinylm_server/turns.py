"""At most one running and one waiting request for each document and kind of request; the newest wins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pygls.exceptions import JsonRpcContentModified

__all__ = ["Turns"]

Key = tuple[str, str]


class Turns:
    """Hands out turns by key. A waiter that is overtaken by a newer one gets -32801."""

    def __init__(self) -> None:
        self._running: set[Key] = set()
        self._waiting: dict[Key, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def turn(self, uri: str, kind: str) -> AsyncIterator[None]:
        """Wait for the turn of (uri, kind) and hold it. Raises JsonRpcContentModified when overtaken."""
        key = (uri, kind)
        if key in self._running:
            await self._wait(key)
        self._running.add(key)
        try:
            yield
        finally:
            self._release(key)

    async def _wait(self, key: Key) -> None:
        if (older := self._waiting.pop(key, None)) is not None and not older.done():
            older.set_exception(JsonRpcContentModified("overtaken by a newer request of the same kind"))
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
            self._running.discard(key)
