"""`python -m tinylm_server`: the language server on standard input and output."""

import asyncio
import os
import sys

from tinylm_server.stdio import claim_stdio


def main() -> None:
    """Serve until the client says `exit` or its end of the pipe closes; exit code 1 without a `shutdown` before."""
    if sys.argv[1:]:
        sys.exit("error: tinylm_server takes no arguments: it speaks LSP on stdin and stdout, an editor starts it")
    stdin, stdout = claim_stdio()
    from tinylm_server.server import serve  # after stdout is safe: imports may print

    code = asyncio.run(serve(stdin, stdout))
    sys.stderr.flush()
    # Not sys.exit: that waits for threads, and the one that reads stdin may never return.
    os._exit(code)


if __name__ == "__main__":
    main()
