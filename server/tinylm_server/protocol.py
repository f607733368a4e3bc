"""JSON-RPC for the server: pygls' protocol with its known defects of 2.1.1 mended.

What is different: every request with an id is answered exactly once (malformed ones with -32602 or -32600, before
`initialize` -32002, after `shutdown` -32600); finished notifications leave nothing behind (a future each in pygls); a
cancelled command ends (pygls only stops waiting for it); text synchronisation goes to our own `Documents`; parameters
of `tinylm/...` messages are plain dictionaries; answers to requests whose waiter has gone are dropped; message bodies
are never logged.
"""

import asyncio
import json
import logging
import typing
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

from cattrs import Converter
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    LanguageServerProtocol,
    default_converter,
    lsp_method,
)

from tinylm_server.big_messages import loads_in_slices
from tinylm_server.documents import Documents

__all__ = ["Protocol", "converter"]

logger = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS, NOT_INITIALIZED = -32700, -32600, -32602, -32002
MAX_JSON_DEPTH_MESSAGE = "the message is nested too deeply"


def converter() -> Converter:
    """Return the converter of LSP types that leaves the parameters of unknown messages as they are."""
    result: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls leaves it untyped
    for message_type in (JsonRPCRequestMessage, JsonRPCResponseMessage, JsonRPCNotification):
        result.register_structure_hook(message_type, _plain)
    result.register_unstructure_hook(lsp.SemanticTokens, lambda tokens: {"data": tokens.data})
    return result


def _plain(data: dict[str, Any], message_type: type[Any]) -> Any:
    fields = {"id", "result"} if message_type is JsonRPCResponseMessage else {"method", "params"}
    if message_type is JsonRPCRequestMessage:
        fields.add("id")
    return message_type(**{name: data.get(name) for name in fields}, jsonrpc=data["jsonrpc"])


class Hooks(typing.Protocol):
    """What the protocol needs of the server."""

    def leave(self, code: int) -> None:
        """End the main loop."""


class Protocol(LanguageServerProtocol):
    """The protocol of one connection."""

    def __init__(self, server: Any, converter: Converter) -> None:
        self._hooks: Hooks = server
        self.documents = Documents()
        self.initialized = False
        self._waiting: Future[Any] | None = None  # the request on whose behalf a handler is started
        super().__init__(server, converter)

    # ---- what comes in ----

    def receive(self, body: bytes) -> None:
        """Handle one message body, whatever it holds."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse_unread(error)
        else:
            self._receive_value(data)

    async def receive_big(self, body: bytes) -> None:
        """Handle one large message body: what takes long is done off the loop, which meanwhile serves others."""
        try:
            data = await asyncio.to_thread(self._prepared, body)
        except (ValueError, RecursionError) as error:
            self._refuse_unread(error)
        else:
            self._receive_value(data)

    def _prepared(self, body: bytes) -> Any:
        data = loads_in_slices(body)
        self.documents.prepare(_whole_texts(data))
        return data

    def _refuse_unread(self, error: ValueError | RecursionError) -> None:
        reason = MAX_JSON_DEPTH_MESSAGE if isinstance(error, RecursionError) else f"not JSON: {error}"
        self._refuse(None, PARSE_ERROR, reason)

    def _receive_value(self, data: Any) -> None:
        if not isinstance(data, dict) or data.get("jsonrpc") != "2.0":
            self._refuse(None, INVALID_REQUEST, "expected a JSON-RPC 2.0 object")
            return
        self._receive_object(data)

    def _receive_object(self, data: dict[str, Any]) -> None:
        msg_id, method = data.get("id"), data.get("method")
        is_request = method is not None and "id" in data
        if is_request and (not isinstance(msg_id, int | str) or isinstance(msg_id, bool)):
            self._refuse(None, INVALID_REQUEST, "the id of a request is a number or a string")
            return
        if method is not None and not isinstance(method, str):
            self._refuse(msg_id, INVALID_REQUEST, "the method is a string")
            return
        if is_request and (refusal := self._refusal_by_state(str(method))) is not None:
            self._refuse(msg_id, *refusal)
            return
        if is_request and msg_id in self._request_futures:
            self._refuse(msg_id, INVALID_REQUEST, f"the id {msg_id!r} belongs to a request that still runs")
            return
        try:
            message = self.structure_message(data)
        except JsonRpcException as error:
            if is_request:
                self._refuse(msg_id, INVALID_PARAMS, f"{method}: {_cause_of(error)}")
            return  # a malformed notification or answer has nobody to be told
        if not (self._shutdown and method not in (None, lsp.EXIT)):
            self.handle_message(message)
        if is_request and method == lsp.INITIALIZE:
            self.initialized = True

    def _refusal_by_state(self, method: str) -> tuple[int, str] | None:
        if self._shutdown:
            return INVALID_REQUEST, "the server is shutting down"
        if method == lsp.INITIALIZE:
            return (INVALID_REQUEST, "the server is initialized already") if self.initialized else None
        return None if self.initialized else (NOT_INITIALIZED, "initialize first")

    def _refuse(self, msg_id: Any, code: int, message: str) -> None:
        logger.warning("refused a message: %s", message)
        answer = {"jsonrpc": "2.0", "id": msg_id, "error": {"code": code, "message": message}}
        self._send_data(answer)

    # ---- what goes out ----

    def _send_data(self, data: Any) -> None:
        if not data or self.writer is None:
            return
        body = json.dumps(data, default=self._serialize_message)  # ASCII: characters are bytes
        self.writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii"))

    def _serialize_message(self, data: Any) -> dict[str, Any]:
        # Our own messages hold plain values, thousands of numbers; the converter would look at each (3 µs).
        if isinstance(data, JsonRPCResponseMessage):
            return {"jsonrpc": data.jsonrpc, "id": data.id, "result": data.result}
        if isinstance(data, JsonRPCNotification):
            return {"jsonrpc": data.jsonrpc, "method": data.method, "params": data.params}
        return super()._serialize_message(data)

    # ---- mended book-keeping ----

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Callable[..., Any],
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        waiting, self._waiting = self._waiting, None

        def finished(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, finished, args, kwargs)
        ours = self._request_futures.get(msg_id)
        if waiting is not None and ours is not None:
            waiting.add_done_callback(lambda request: request.cancelled() and ours.cancel())

    def _run_generator(
        self, future: Future[Any] | None, *, gen: Generator[Any, Any, Any], result_future: Future[Any]
    ) -> None:
        """Run the next part of one of pygls' own handlers; that of commands hands over to ours, which it waits for."""
        self._waiting = result_future
        try:
            super()._run_generator(future, gen=gen, result_future=result_future)
        finally:
            self._waiting = None

    def _handle_response(
        self, msg_id: int | str, result: Any | None = None, error: lsp.ResponseError | None = None
    ) -> None:
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            self._request_futures.pop(msg_id, None)  # whoever asked has gone
            return
        super()._handle_response(msg_id, result, error)

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        if msg_id in self._request_futures:
            super()._handle_cancel_notification(msg_id)

    @lsp_method(lsp.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Any:
        """Cancel what runs and let the server's own handler end its children."""
        current_id = self.msg_id
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != current_id and not future.done():
                future.cancel()
        if (handler := self.fm.features.get(lsp.SHUTDOWN)) is not None:
            yield handler, args, None
        self._shutdown = True

    @lsp_method(lsp.EXIT)
    def lsp_exit(self, *args: Any) -> None:  # type: ignore[override]  # a plain function; pygls takes both
        """Leave: with code 0 after `shutdown`, 1 without."""
        self._hooks.leave(0 if self._shutdown else 1)

    # ---- text synchronisation into our own store ----

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Take the document over."""
        self.documents.open(params.text_document)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Apply the changes in their order."""
        identifier = params.text_document
        self.documents.change(identifier.uri, identifier.version, params.content_changes)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self.documents.close(params.text_document.uri)


def _whole_texts(data: Any) -> list[str]:
    """Return the texts of whole documents in a message that may be anything."""
    params = data.get("params") if isinstance(data, dict) else None
    if not isinstance(params, dict):
        return []
    changes = params.get("contentChanges")
    items = [params.get("textDocument"), *(changes if isinstance(changes, list) else [])]
    found = [item.get("text") for item in items if isinstance(item, dict) and "range" not in item]
    return [text for text in found if isinstance(text, str)]


def _cause_of(error: BaseException) -> str:
    """Return the innermost reason of a failed conversion in one line."""
    while True:
        inner = getattr(error, "exceptions", None)
        following = inner[0] if inner else error.__cause__
        if following is None:
            return (str(error).splitlines() or [type(error).__name__])[0]
        error = following
