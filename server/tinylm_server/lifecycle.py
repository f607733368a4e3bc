"""What happens around the features: the start after `initialized`, changed settings."""

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["did_change_configuration", "initialized"]


async def initialized(ls: "Server", params: lsp.InitializedParams) -> None:
    """Begin to load what was left out until `initialize` was answered."""
    ls.start()


async def did_change_configuration(ls: "Server", params: lsp.DidChangeConfigurationParams) -> None:
    """Use the new settings; a changed model or thread count takes effect at once."""
    before = ls.settings
    if isinstance(params.settings, dict) and "tinylm" in params.settings:
        ls.take_settings(params.settings["tinylm"])
    await ls.fetch_settings()
    await ls.host.apply(before, ls.settings)
