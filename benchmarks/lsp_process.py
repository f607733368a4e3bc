"""What the benchmarks of the server share: the server as a child, spoken to in turn, and how times are put."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OURS = (sys.executable, "-m", "tinylm_server")


class Server:
    """The server as a child, spoken to in turn: a request is written, and messages are read until its answer comes."""

    def __init__(self, command: Sequence[str] = OURS, **environment: str) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "server")])
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, **environment},
        )
        self.n_requests = 0
        self.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
        self.notify("initialized", {})

    def notify(self, method: str, params: Any) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: Any) -> None:
        """Send a request whose answer nobody waits for."""
        self.n_requests += 1
        self._write({"jsonrpc": "2.0", "id": self.n_requests, "method": method, "params": params})

    def command(self, name: str, *arguments: Any) -> Any:
        return self.request("workspace/executeCommand", {"command": name, "arguments": arguments})

    def wait_for(self, method: str, accept: Callable[[Any], bool]) -> None:
        while (message := self.read()).get("method") != method or not accept(message["params"]):
            pass

    def request(self, method: str, params: Any) -> Any:
        self.begin(method, params)
        while (message := self.read()).get("id") != self.n_requests or "method" in message:
            pass
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
        return message["result"]

    def open(self, uri: str, text: str, version: int = 0) -> None:
        item = {"uri": uri, "languageId": "plaintext", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def close(self) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(60)

    def _write(self, message: Any) -> None:
        assert self.process.stdin is not None
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """Return the next message."""
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            name, value = line.split(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(stream.read(length))
        return message


def milliseconds(times: list[float]) -> tuple[float, float]:
    """Return p50 and p95."""
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times * 19
    return statistics.median(times) * 1e3, cuts[18] * 1e3
