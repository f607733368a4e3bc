"""A small LSP client over stdio for tests: it keeps account of every message and fails on what nobody expected.

It speaks raw JSON, knows no pygls, and waits for events with a time limit, never for a time.
"""

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60.0


class LspError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message = error["code"], error["message"]


class Client:
    """One server process and everything it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.notifications: deque[dict[str, Any]] = deque()
        self.settings: dict[str, Any] = {}
        self.server_requests: list[dict[str, Any]] = []
        self.on_request: dict[str, Callable[[Any], Any]] = {
            "workspace/configuration": lambda params: [self.settings for _ in params["items"]],
            "window/workDoneProgress/create": lambda params: None,
        }
        self.expected_popups = 0
        self.timeout_s = TIMEOUT_S
        self.positions = "utf-16"
        self._next_id = 0
        self._answers: dict[Any, asyncio.Future[Any]] = {}
        self._arrived = asyncio.Condition()
        self._problems: list[str] = []
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, env: dict[str, str] | None = None, command: list[str] | None = None) -> "Client":
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'server'}", **(env or {})}
        process = await asyncio.create_subprocess_exec(
            *(command or [sys.executable, "-m", "tinylm_server"]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        return cls(process)

    async def initialize(self, **extra: Any) -> dict[str, Any]:
        params: dict[str, Any] = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": {
                "general": {"positionEncodings": [self.positions]},
                "workspace": {"configuration": True},
                "window": {"workDoneProgress": True},
            },
        } | extra
        result = await self.request("initialize", params)
        self.notify("initialized", {})
        return result

    async def request(self, method: str, params: Any = None) -> Any:
        return await self.send_request(method, params)[1]

    def send_request(self, method: str, params: Any = None) -> tuple[int, "asyncio.Future[Any]"]:
        self._next_id += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[self._next_id] = future
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id, asyncio.ensure_future(asyncio.wait_for(future, self.timeout_s))

    def notify(self, method: str, params: Any) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def open(self, uri: str, text: str, version: int = 1, language: str = "plaintext") -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        identifier = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": list(changes)})

    async def notification(self, method: str, accept: Callable[[Any], bool] = lambda params: True) -> Any:
        """Return the parameters of the first unread notification that is accepted; the ones before it are dropped."""

        async def wait() -> Any:
            async with self._arrived:
                while True:
                    for message in list(self.notifications):
                        if message["method"] == method and accept(message["params"]):
                            self.notifications.remove(message)
                            return message["params"]
                    await self._arrived.wait()

        return await asyncio.wait_for(wait(), self.timeout_s)

    async def ready(self) -> Any:
        return await self.notification("tinylm/status", lambda status: status["state"] == "ready")

    async def close(self) -> int:
        """Shut the server down properly and check the account."""
        with suppress(BrokenPipeError, ConnectionResetError):
            if self.process.returncode is None:
                await self.request("shutdown")
                self.notify("exit", None)
        code = await asyncio.wait_for(self.process.wait(), TIMEOUT_S)
        await self._reader
        assert not self._problems, self._problems
        return code

    async def end(self) -> None:
        """Kill the server if it still lives."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        await self._reader

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        with suppress(asyncio.IncompleteReadError):
            while True:
                length = 0
                while line := (await stream.readuntil(b"\r\n")).strip():
                    name, value = line.split(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                await self._take(json.loads(await stream.readexactly(length)))
        for future in self._answers.values():
            if not future.done():
                future.set_exception(ConnectionError("the server ended without an answer"))
                future.exception()

    async def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answer(message)
        elif "id" in message:
            self.server_requests.append(message)
            result = self.on_request[message["method"]](message["params"])
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        else:
            if message["method"] == "window/showMessage":
                self.expected_popups -= 1
                if self.expected_popups < 0:
                    self._problems.append(f"unexpected pop-up: {message['params']}")
            self.notifications.append(message)
        async with self._arrived:
            self._arrived.notify_all()

    def _answer(self, message: dict[str, Any]) -> None:
        future = self._answers.pop(message.get("id"), None)
        if future is None:
            if message.get("id") is not None:
                self._problems.append(f"an answer that nobody waits for: {message}")
            self.notifications.append({"method": "$refused", "params": message})
        elif "error" in message:
            if not future.done():
                future.set_exception(LspError(message["error"]))
        elif not future.done():
            future.set_result(message["result"])
