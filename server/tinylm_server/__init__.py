"""The language server: tokens, probabilities, proposals and training jobs, for any editor that speaks LSP.

`python -m tinylm_server` speaks LSP on stdio, and only on stdio. The front process in this package owns documents and
tokens; a child process (`tinylm_server.worker`) owns the model; training runs as jobs of their own. Importing this
package imports nothing.
"""
