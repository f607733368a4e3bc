"""An analysis for other programs: JSON and CSV, numbers in full, units and window rule beside them."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from tinylm.analysis.rows import Analyzed, Summary, TokenRow
from tinylm.model.windows import RULE

__all__ = ["csv_pieces", "json_pieces"]

_UNITS = {
    "logprob": "nats",
    "maxLogprob": "nats",
    "surprisalBits": "bits",
    "entropyBits": "bits",
    "rank": "1 is the model's first choice",
    "startByte": "bytes of UTF-8",
    "startChar": "code points",
    "contextTokens": "tokens",
    "perplexity": "per token",
}

_CSV_COLUMNS = ["index", "id", "text", "bytes", "startByte", "endByte", "startChar", "endChar", "cell"]
_CSV_COLUMNS += ["probability", "logprob", "surprisalBits", "rank", "entropyBits", "maxLogprob", "contextTokens"]


def json_pieces(analyzed: Analyzed, source: str) -> Iterator[str]:
    """Yield one JSON object: model, units and window rule, a line for each token, and the summary last.

    Args:
        analyzed: its rows are consumed.
        source: the name of the text.
    """
    model, config = analyzed.model, analyzed.model.engine.config
    head = {
        "schema": 1,
        "kind": "tinylm.analysis",
        "source": source,
        "model": {
            "id": model.id,
            "name": model.name,
            "nParams": model.engine.n_params,
            "vocabSize": config.vocab_size,
            "blockSize": config.block_size,
            "dtype": "float32",
        },
        "tokenizer": {"id": model.tokenizer.id, "vocabSize": model.tokenizer.vocab_size},
        "windowRule": RULE,
        "units": _UNITS,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "tokens": ['
    separator = "\n"
    for row in analyzed.rows:
        yield separator + json.dumps(_record(row), ensure_ascii=False)
        separator = ",\n"
    yield '\n], "summary": ' + json.dumps(_summary(analyzed.summary)) + "}\n"


def csv_pieces(analyzed: Analyzed) -> Iterator[str]:
    """Yield a header line and a line for each token."""
    yield ",".join(_CSV_COLUMNS) + "\r\n"
    for row in analyzed.rows:
        record = _record(row)
        line = io.StringIO()
        csv.writer(line).writerow([record[column] for column in _CSV_COLUMNS])
        yield line.getvalue()


def _record(row: TokenRow) -> dict[str, Any]:
    return {
        "index": row.index,
        "id": row.token_id,
        "raw": row.raw,
        "text": row.visible,
        "bytes": row.data.hex(" "),
        "startByte": row.start_byte,
        "endByte": row.end_byte,
        "startChar": row.start_char,
        "endChar": row.end_char,
        "cell": row.cell,
        "probability": row.probability,
        "logprob": row.logprob,
        "surprisalBits": row.surprisal_bits,
        "rank": row.rank,
        "entropyBits": row.entropy_bits,
        "maxLogprob": row.max_logprob,
        "contextTokens": row.context_tokens,
        "alternatives": [{"id": i, "text": text, "logprob": logprob} for i, text, logprob in row.alternatives],
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "nTokens": summary.n_tokens,
        "nBytes": summary.n_bytes,
        "surprisalBits": summary.surprisal_bits,
        "bytesPerToken": summary.bytes_per_token,
        "bitsPerByte": summary.bits_per_byte,
        "perplexity": summary.perplexity,
    }
