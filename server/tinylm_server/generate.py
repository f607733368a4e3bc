"""`tinylm/generate`: the model writes on from a position; every token is sent as `tinylm/generationStep`.

Nothing is inserted here: the client does that, so that it is one undo step of the editor's own. `$/cancelRequest`
stops the model before its next token.
"""

from typing import TYPE_CHECKING, Any

from tinylm_server import params as check
from tinylm_server.context import text_before
from tinylm_server.frames import Frame
from tinylm_server.sampling_params import sampling_values

if TYPE_CHECKING:
    from tinylm_server.server import Server

__all__ = ["generate"]


async def generate(ls: "Server", params: Any) -> dict[str, Any]:
    """Answer `tinylm/generate`; absent values are those of the settings."""
    fields, settings = check.mapping(params), ls.settings
    document = ls.documents.get_version(check.uri_of(fields), check.integer(fields, "version", low=-(2**31)))
    position = check.position(fields.get("position"), "position")
    stream_id = check.text(fields, "streamId")
    values: dict[str, object] = {**sampling_values(fields, settings), "tokenizer": ls.host.tokenizer.id}
    await ls.host.until_ready()

    def send_step(frame: Frame) -> None:
        ls.protocol.notify("tinylm/generationStep", {"streamId": stream_id, **frame.header["step"]})

    values |= text_before(ls, document, *document.point(position))
    answer = await ls.host.ask("generate", values, on_step=send_step)
    return {"schema": 1, **{name: answer.header[name] for name in ("reason", "nTokens", "tokensPerSecond", "rest")}}
