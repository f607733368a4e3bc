"""See, train and write with a tiny language model.

The library behind the `tinylm` command and the language server. It knows nothing of editors, LSP or JSON-RPC.
Importing it loads nothing heavy: torch, transformers and datasets are needed by `tinylm.training` alone.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
