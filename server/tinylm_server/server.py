"""The server object: one connection, its documents, settings, model and jobs, and the main loop.

Features live in modules of their own and are imported when first used (`features.py`), so that `initialize` is
answered before NumPy or a tokenizer is loaded. torch, transformers and datasets are never imported here.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types as lsp
from pygls.exceptions import FeatureRequestError, JsonRpcException
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

import tinylm
from tinylm_server.big_messages import BIG_BYTES
from tinylm_server.documents import Documents
from tinylm_server.features import load_features, register_features
from tinylm_server.loop_watch import LoopWatch
from tinylm_server.protocol import Protocol, converter
from tinylm_server.settings import SECTION, Settings, settings_from
from tinylm_server.stdio import FramingBroken, MessageReader

if TYPE_CHECKING:
    from tinylm_server.ghost_text import GhostText
    from tinylm_server.jobs import JobBoard
    from tinylm_server.model_host import ModelHost
    from tinylm_server.second_model import SecondModel
    from tinylm_server.sessions import SessionStore

__all__ = ["Server", "serve"]

logger = logging.getLogger("tinylm_server")

PARENT_WATCH_S = 2.0
SETTINGS_WITHIN_S = 10.0


class Server(LanguageServer):
    """The state of one connection. Handlers get it as their first argument."""

    protocol: Protocol

    def __init__(self, loop_watch: LoopWatch) -> None:
        super().__init__(
            "tinylm", tinylm.__version__, protocol_cls=Protocol, converter_factory=converter, max_workers=1
        )
        self.loop_watch = loop_watch
        self.settings = Settings()
        self.exit_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.loading: asyncio.Task[None] | None = None  # of what the handlers need (features.py)
        self.counting: set[str] = set()  # the documents whose tokens are being counted (tokens.py)
        self._host: ModelHost | None = None
        self._ghost: GhostText | None = None
        self._jobs: JobBoard | None = None
        self._second_model: SecondModel | None = None
        self._sessions: SessionStore | None = None
        register_features(self)

    @property
    def documents(self) -> Documents:
        """The open documents."""
        return self.protocol.documents

    @property
    def host(self) -> "ModelHost":
        """The tokenizer and the worker with the model; made on first use."""
        if self._host is None:
            from tinylm_server.model_host import ModelHost

            self._host = ModelHost(self.send_status)
        return self._host

    @property
    def ghost(self) -> "GhostText":
        """What is known of ghost texts; made on first use."""
        if self._ghost is None:
            from tinylm_server.ghost_text import GhostText

            self._ghost = GhostText(self)
        return self._ghost

    @property
    def second_model(self) -> "SecondModel":
        """The model to compare the one in use with; made on first use."""
        if self._second_model is None:
            from tinylm_server.second_model import SecondModel

            self._second_model = SecondModel()
        return self._second_model

    @property
    def jobs(self) -> "JobBoard":
        """The training jobs; made on first use."""
        if self._jobs is None:
            from tinylm_server.jobs import JobBoard

            self._jobs = JobBoard(self)
        return self._jobs

    @property
    def sessions(self) -> "SessionStore":
        """The generations that clients hold; made on first use."""
        if self._sessions is None:
            from tinylm_server.sessions import SessionStore

            self._sessions = SessionStore()
        return self._sessions

    def begin(self, params: lsp.InitializeParams) -> None:
        """Take over what `initialize` says. Nothing heavy: the answer waits for this."""
        encoding = self.protocol.workspace.position_encoding
        self.documents.encoding = encoding  # type: ignore[assignment]  # pygls chose one of the three
        options = params.initialization_options
        self.take_settings(options.get(SECTION, options) if isinstance(options, dict) else None)

    def start(self) -> None:
        """Begin the real work after `initialized`: watch the parent, fetch settings, load tokenizer and model."""
        self.loop_watch.is_on = True
        self.spawn(self._watch_parent())
        self.spawn(self._start())

    async def _start(self) -> None:
        # Imports take a second on a busy machine; the loop must not wait for them, and requests do.
        self.loading = asyncio.create_task(asyncio.to_thread(load_features))
        await asyncio.gather(self.fetch_settings(), self.loading)
        keep_what_is_loaded()
        await self.host.start(self.settings)
        self.jobs.adopt()

    def spawn(self, work: Any) -> None:
        """Run a coroutine in the background; a failure is logged."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a background task failed", exc_info=error)

    async def fetch_settings(self) -> None:
        """Ask the client for its settings, when it can be asked."""
        workspace = self.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return
        item = lsp.ConfigurationItem(section=SECTION)
        # A client that says it can and then refuses, or never answers, keeps the settings it gave before.
        with suppress(JsonRpcException, TimeoutError):
            asking = self.workspace_configuration_async(lsp.ConfigurationParams(items=[item]))
            async with asyncio.timeout(SETTINGS_WITHIN_S):
                found = await asking
            if found and found[0] is not None:
                self.take_settings(found[0])

    def take_settings(self, values: object) -> None:
        """Use the client's settings; warn once for each value that cannot be."""
        self.settings, warnings = settings_from(values)
        for warning in warnings:
            logger.warning("%s", warning)
            self.window_show_message(lsp.ShowMessageParams(type=lsp.MessageType.Warning, message=f"TinyLM: {warning}"))

    def workspace_folder(self) -> str:
        """Return the path of the first workspace folder; "" without one."""
        for folder in self.workspace.folders.values():
            if (path := to_fs_path(folder.uri)) is not None:
                return path
        return self.workspace.root_path or ""

    def send_status(self) -> None:
        """Tell the client the state of model, tokenizer and training."""
        if self._host is not None:
            training = self._jobs.current() if self._jobs is not None else None
            self.protocol.notify("tinylm/status", {**self._host.status(), "training": training})

    def leave(self, code: int) -> None:
        """End the main loop."""
        if not self.exit_code.done():
            self.exit_code.set_result(code)

    def end_children(self) -> None:
        """Kill the worker. Training jobs live on: they are picked up by the next server."""
        if self._host is not None:
            self._host.worker.kill()
        if self._second_model is not None:
            self._second_model.kill()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what no answer tells; pygls would make a pop-up of every defect."""
        if source is not FeatureRequestError:
            logger.error("%s", error)

    async def _watch_parent(self) -> None:
        """Leave when the editor has died, even if someone else still holds its end of the pipe."""
        import psutil

        pid = self.process_id
        try:
            parent = psutil.Process(pid) if pid is not None else None
        except psutil.Error:
            parent = None  # another container: the number says nothing here
        while parent is not None:
            await asyncio.sleep(PARENT_WATCH_S)
            if not parent.is_running():
                self.leave(1)
                return


def keep_what_is_loaded() -> None:
    """Let the garbage collector look at nothing older: at all modules it looks for 30 ms, and the loop waits."""
    gc.freeze()
    gc.enable()


async def serve(stdin: BinaryIO, stdout: BinaryIO, loop_watch: LoopWatch) -> int:
    """Serve one client. Returns the exit code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs bodies, and every error that we answer
    server = Server(loop_watch)
    keep_what_is_loaded()
    server.protocol.set_writer(StdoutWriter(stdout))
    if os.name == "posix":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.leave, 143)
    reading = asyncio.create_task(_read(server, MessageReader(stdin)))
    try:
        await asyncio.wait({reading, server.exit_code}, return_when=asyncio.FIRST_COMPLETED)
        return server.exit_code.result() if server.exit_code.done() else reading.result()
    except BrokenPipeError:
        return 1
    finally:
        server.end_children()


async def _read(server: Server, reader: MessageReader) -> int:
    """Handle messages until the input ends. Returns the exit code that this means."""
    while True:
        try:
            body = await reader.next()
        except FramingBroken as error:
            logger.error("the input is no LSP stream, leaving: %s", error)
            return 1
        if body is None:
            return 1
        if len(body) < BIG_BYTES:
            server.protocol.receive(body)
        else:
            await server.protocol.receive_big(body)
        await asyncio.sleep(0)  # one message a round: others get their turn in a flood, too
