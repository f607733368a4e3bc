"""`python -m tinylm_server`: the language server on standard input and output."""

import asyncio
import gc
import logging
import os
import sys

from tinylm_server.stdio import claim_stdio


def main() -> None:
    """Serve until the client says `exit` or its end of the pipe closes; exit code 1 without a `shutdown` before."""
    if sys.argv[1:]:
        sys.exit("error: tinylm_server takes no arguments: it speaks LSP on stdin and stdout, an editor starts it")
    stdin, stdout = claim_stdio()
    gc.disable()  # until the server stands: what is imported now stays, and looking through it takes 30 ms
    from tinylm_server.loop_watch import LoopWatch, new_loop  # after stdout is safe: imports may print
    from tinylm_server.server import serve

    watch = LoopWatch()

    async def serve_and_leave() -> None:
        try:
            code = await serve(stdin, stdout, watch)
        except Exception:  # the border: whatever it was, the client must see the server end
            logging.getLogger("tinylm_server").exception("the server failed")
            code = 1
        sys.stderr.flush()
        # At once: the loop's own end waits for every task and thread, and a child that was being started when the
        # client said `exit` can keep it for ever (seen on a busy machine, in CPython 3.11). Nothing is left to save.
        os._exit(code)

    with asyncio.Runner(loop_factory=lambda: new_loop(watch)) as runner:
        runner.run(serve_and_leave())


if __name__ == "__main__":
    main()
