"""An analysis for other programs: JSON and CSV, numbers in full, units and window rule beside them."""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from tinylm.analysis.cells import Cell, cells_of
from tinylm.analysis.rows import Analyzed, Summary, TokenRow
from tinylm.model.windows import RULE

__all__ = ["UNITS", "csv_pieces", "json_pieces"]

# Every column, in the order of CSV, with its unit.
UNITS = {
    "index": "tokens before it",
    "id": "token id",
    "text": "visible text",
    "bytes": "hex",
    "startByte": "bytes of UTF-8",
    "endByte": "bytes of UTF-8",
    "startChar": "code points",
    "endChar": "code points",
    "cell": "cells before it; tokens that share a character share a cell",
    "probability": "0 to 1",
    "logprob": "nats",
    "surprisalBits": "bits",
    "cellSurprisalBits": "bits, the sum over the cell's tokens",
    "rank": "1 is the model's first choice",
    "entropyBits": "bits, over the whole vocabulary",
    "surplusBits": "bits, surprisal minus entropy",
    "maxLogprob": "nats, of the model's first choice",
    "ratio": "0 to 1, p / p_max",
    "contextTokens": "tokens of the text that the value rests on",
}
_MORE_UNITS = {
    "raw": "as the vocabulary writes it",
    "alternatives.logprob": "nats",
    "coveredMass": "0 to 1, the alternatives' probabilities added",
    "perplexity": "per token",
    "bytesPerToken": "bytes",
    "bitsPerByte": "bits per byte of UTF-8",
}


def json_pieces(analyzed: Analyzed) -> Iterator[str]:
    """Yield one JSON object: model, units and window rule, a line for each token, and the summary last."""
    model, config = analyzed.model, analyzed.model.engine.config
    head = {
        "schema": 1,
        "kind": "tinylm.analysis",
        "source": analyzed.source,
        "note": analyzed.note,
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
        "units": {**UNITS, **_MORE_UNITS},
    }
    yield _dumps(head)[:-1] + ', "tokens": ['
    separator = "\n"
    for cell in cells_of(analyzed):
        for row in cell.rows:
            yield separator + _dumps({**_record(row, cell), **_alternatives(row)})
            separator = ",\n"
    yield '\n], "summary": ' + _dumps(_summary(analyzed.summary)) + "}\n"


def csv_pieces(analyzed: Analyzed) -> Iterator[str]:
    """Yield a header line and a line for each token; what is undefined is empty."""
    yield ",".join(UNITS) + "\r\n"
    for cell in cells_of(analyzed):
        for row in cell.rows:
            record = _record(row, cell)
            line = io.StringIO()
            csv.writer(line).writerow([record[column] for column in UNITS])
            yield line.getvalue()


def _record(row: TokenRow, cell: Cell) -> dict[str, Any]:
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
        "probability": _defined(row.probability),
        "logprob": _defined(row.logprob),
        "surprisalBits": _defined(row.surprisal_bits),
        "cellSurprisalBits": _defined(cell.surprisal_bits),
        "rank": row.rank,
        "entropyBits": _defined(row.entropy_bits),
        "surplusBits": _defined(row.surplus_bits),
        "maxLogprob": _defined(row.max_logprob),
        "ratio": _defined(row.ratio),
        "contextTokens": row.context_tokens,
    }


def _alternatives(row: TokenRow) -> dict[str, Any]:
    found = [{"id": i, "text": text, "logprob": logprob} for i, text, logprob in row.alternatives]
    return {"alternatives": found, "coveredMass": math.fsum(math.exp(logprob) for _, _, logprob in row.alternatives)}


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "nTokens": summary.n_tokens,
        "nBytes": summary.n_bytes,
        "surprisalBits": _defined(summary.surprisal_bits),
        "bytesPerToken": summary.bytes_per_token,
        "bitsPerByte": summary.bits_per_byte and _defined(summary.bits_per_byte),
        "perplexity": summary.perplexity and _defined(summary.perplexity),
    }


def _defined(value: float) -> float | None:
    """Return a number, or None for one that is none: JSON has no NaN."""
    return value if math.isfinite(value) else None


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
