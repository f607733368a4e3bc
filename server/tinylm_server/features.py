"""Which method is answered by which function: one table, imported lazily, one border for errors.

A handler is `async def name(ls, params)`; its module is imported when it is first called. Errors of the library
become JSON-RPC errors of one line here and nowhere else.
"""

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInternalError

from tinylm.errors import TinyLMError
from tinylm_server.params import refusal

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["COMMANDS", "FEATURES", "load_features", "register_features"]

logger = logging.getLogger(__name__)

LEGEND = lsp.SemanticTokensLegend(token_types=["tinylmEven", "tinylmOdd"], token_modifiers=["split"])

# method -> (options, module, function)
FEATURES: dict[str, tuple[Any, str, str]] = {
    lsp.INITIALIZED: (None, "lifecycle", "initialized"),
    lsp.WORKSPACE_DID_CHANGE_CONFIGURATION: (None, "lifecycle", "did_change_configuration"),
    lsp.TEXT_DOCUMENT_HOVER: (None, "hover", "hover"),
    lsp.TEXT_DOCUMENT_COMPLETION: (lsp.CompletionOptions(resolve_provider=True), "completion", "completion"),
    lsp.COMPLETION_ITEM_RESOLVE: (None, "completion", "resolve"),
    lsp.TEXT_DOCUMENT_INLINE_COMPLETION: (lsp.InlineCompletionOptions(), "inline_completion", "inline_completion"),
    lsp.TEXT_DOCUMENT_CODE_ACTION: (
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.RefactorRewrite]),
        "code_actions",
        "code_actions",
    ),
    lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL: (None, "training_commands", "progress_cancelled"),
    "tinylm/tokens": (None, "tokens", "tokens"),
    "tinylm/generate": (None, "generate", "generate"),
    "tinylm/ghostText": (None, "inline_completion", "ghost_text"),
    "tinylm/trainingEvents": (None, "training_events", "training_events"),
    "tinylm/tokenizerEvents": (None, "tokenizer_events", "tokenizer_events"),
    "tinylm/scoreSavedStep": (None, "saved_steps", "score_saved_step"),
    "tinylm/session/open": (None, "sessions", "session_open"),
    "tinylm/session/step": (None, "sessions", "session_step"),
    "tinylm/session/pick": (None, "sessions", "session_pick"),
    "tinylm/session/go": (None, "sessions", "session_go"),
    "tinylm/session/set": (None, "sessions", "session_set"),
    "tinylm/session/save": (None, "sessions", "session_save"),
    "tinylm/session/close": (None, "sessions", "session_close"),
    "tinylm/alternatives": (None, "swap", "alternatives"),
    "tinylm/preview": (None, "swap", "preview"),
    "tinylm/compareTokenizers": (None, "compare_tokenizers", "compare"),
    "tinylm/compareModels": (None, "compare_models", "compare"),
    "tinylm/export": (None, "export", "export"),
}

# Announced only to clients that ask for it, by the key in initializationOptions: those with decorations of their own
# would fetch every token twice.
ON_REQUEST: dict[str, dict[str, tuple[Any, str, str]]] = {
    "semanticTokens": {
        lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (LEGEND, "semantic_tokens", "semantic_tokens_full"),
        lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE: (LEGEND, "semantic_tokens", "semantic_tokens_range"),
    },
    "inlayHints": {lsp.TEXT_DOCUMENT_INLAY_HINT: (None, "inlay_hints", "inlay_hints")},
}

# command -> (module, function)
COMMANDS: dict[str, tuple[str, str]] = {
    "tinylm.server.trainTokenizer": ("training_commands", "train_tokenizer"),
    "tinylm.server.trainModel": ("training_commands", "train_model"),
    "tinylm.server.estimateTraining": ("training_commands", "estimate_training"),
    "tinylm.server.resumeTraining": ("training_commands", "resume_training"),
    "tinylm.server.stopTraining": ("training_commands", "stop_training"),
    "tinylm.server.listJobs": ("training_commands", "list_jobs"),
    "tinylm.server.selectModel": ("model_commands", "select_model"),
    "tinylm.server.listModels": ("model_commands", "list_models"),
    "tinylm.server.modelOfStep": ("saved_steps", "model_of_step"),
    "tinylm.server.restartWorker": ("model_commands", "restart_worker"),
    "tinylm.server.doctor": ("doctor", "doctor"),
}


def register_features(server: "Server") -> None:
    """Register every handler with pygls, so that `initialize` can announce them."""
    server.feature(lsp.INITIALIZE)(_initialize)
    for method, (options, module, function) in FEATURES.items():
        server.feature(method, options)(_lazy(module, function))
    for command, (module, function) in COMMANDS.items():
        server.command(command)(_lazy_command(module, function))


def load_features() -> None:
    """Import what the handlers need ahead of their first call."""
    modules = {module for _, module, _ in FEATURES.values()} | {module for module, _ in COMMANDS.values()}
    for module in ("model_host", *sorted(modules)):
        importlib.import_module(f"tinylm_server.{module}")


def _initialize(ls: "Server", params: lsp.InitializeParams) -> None:
    ls.begin(params)
    options = params.initialization_options
    for key, features in ON_REQUEST.items():
        if isinstance(options, dict) and options.get(key) is True:
            for method, (registered, module, function) in features.items():
                ls.feature(method, registered)(_lazy(module, function))


def _lazy(module: str, function: str) -> Callable[..., Awaitable[Any]]:
    async def handler(ls: "Server", params: Any) -> Any:
        return await _guarded(module, function, ls, params)

    return handler


def _lazy_command(module: str, function: str) -> Callable[..., Awaitable[Any]]:
    # Any, because pygls evaluates the annotations of commands, and Server is imported for type checkers only.
    async def handler(ls: Any, *arguments: Any) -> Any:
        return await _guarded(module, function, ls, *arguments)

    return handler


async def _guarded(module: str, function: str, ls: "Server", *arguments: Any) -> Any:
    try:
        if ls.loading is not None:
            # Two threads that import NumPy at the same time see each other's half of it.
            await asyncio.shield(ls.loading)
        return await getattr(importlib.import_module(f"tinylm_server.{module}"), function)(ls, *arguments)
    except (JsonRpcException, asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except TinyLMError as error:
        raise refusal(str(error)) from None
    except BaseException as error:  # the border; a panic in Rust is no Exception, and must be answered
        logger.exception("a handler failed")
        raise JsonRpcInternalError(f"internal error: {type(error).__name__}: {error}; see the log") from None
