"""Decoding, batch 1, greedy: the tokens after a prompt, at the starter's shape and at one of about 8.5 M parameters.

`python benchmarks/decoding.py [--model DIR] [--threads N] [--rounds R]` prints one table. Ours stands in it by machine
code, as the extra `fast` makes it, and by NumPy alone, each twice: choosing the best logit, which is all that the
others do, and with the log probability, rank and entropy of each token, which is what TinyLM shows. The floor is the
time to read as many numbers as the model has, once for each token, by the fastest means that NumPy has; from whichever
cache or memory those come, the weights come too.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from competitors import Competitors, Onnx, random_model
from measuring import Arguments, Row, least_seconds, parse, print_table, ratios

from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig

PROMPT = "Once upon a time, there was a little girl named Mia. Mia had a small red boat. Every day she took the boat to"
N_TOKENS = 96
GREEDY = SamplingConfig(temperature=0.0)


def decoding_rows(directory: Path, competitors: Competitors, arguments: Arguments) -> list[Row]:
    ours, by_numpy = LanguageModel.load(directory), LanguageModel.load(directory)
    ours.engine.compile_step()
    prompt = ours.tokenizer.encode(PROMPT)
    with_start = np.concatenate([[ours.tokenizer.end_of_text_id], prompt]).astype(np.int64)
    candidates: dict[str, Callable[[], object]] = {
        "ours": lambda: best_by_ours(ours),
        "ours, with every token's numbers": lambda: every_number(ours),
        "ours, NumPy alone": lambda: best_by_ours(by_numpy),
        "ours, NumPy alone, with the numbers": lambda: every_number(by_numpy),
        **by_transformers(competitors.transformers, torch.from_numpy(with_start)[None]),
    }
    if competitors.has_onnx:
        candidates["ONNX Runtime"] = lambda: best_by_onnx(competitors.onnx, with_start[None])
    if competitors.has_ctranslate2:
        tokens = [ours.tokenizer.raw(int(token_id)) for token_id in with_start]
        for quantization in ("float32", "int8_float32"):
            generate = partial(best_by_ctranslate2, competitors.ctranslate2(quantization), tokens)
            candidates[f"CTranslate2 {quantization}"] = generate
    candidates["the floor: reading the weights"] = reading(ours.engine.n_params)
    seconds = least_seconds(candidates, arguments)
    title = f"{ours.engine.n_params / 1e6:.1f} M parameters"
    return ratios(title, seconds, lambda spent: f"{N_TOKENS / spent:,.0f} tokens/s")


def best_by_ours(language_model: LanguageModel) -> None:
    decoder = language_model.new_decoder()
    logits = decoder.read(language_model.tokenizer.encode(PROMPT))
    for _ in range(N_TOKENS - 1):
        logits = decoder.push(int(logits.argmax()))


def every_number(language_model: LanguageModel) -> None:
    for _ in language_model.generate(PROMPT, GREEDY, N_TOKENS, n_alternatives=0):
        pass


def by_transformers(model: torch.nn.Module, ids: torch.Tensor) -> dict[str, Callable[[], object]]:
    def generate() -> None:
        with torch.inference_mode():
            model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=N_TOKENS,
                min_new_tokens=N_TOKENS,
                pad_token_id=0,
            )

    def loop() -> None:
        with torch.inference_mode():
            output = model(ids, use_cache=True, logits_to_keep=1)
            for _ in range(N_TOKENS - 1):
                token = output.logits[:, -1:].argmax(-1)
                output = model(token, past_key_values=output.past_key_values, use_cache=True)

    return {"transformers.generate": generate, "transformers, a loop of one's own": loop}


def best_by_onnx(onnx: Onnx, ids: np.ndarray) -> None:
    logits, past = onnx.run(ids, onnx.empty_past, np.array([ids.shape[1] - 1]))
    last = np.zeros(1, np.int64)
    for _ in range(N_TOKENS - 1):
        logits, past = onnx.run(logits.argmax(-1)[None], past, last)


def best_by_ctranslate2(generator: Any, tokens: list[str]) -> None:
    lengths = {"max_length": N_TOKENS, "min_length": N_TOKENS}
    generator.generate_batch([tokens], sampling_topk=1, include_prompt_in_result=False, **lengths)


def reading(n_numbers: int) -> Callable[[], None]:
    """Return what reads that many float32 numbers once for each token."""
    rows = np.ones((64, n_numbers // 64), np.float32)
    ones = np.ones(n_numbers // 64, np.float32)  # it stays in a cache

    def read() -> None:
        for _ in range(N_TOKENS):
            np.dot(rows, ones)

    return read


def main() -> None:
    arguments = parse(__doc__.splitlines()[0], rounds=9)
    rows: list[Row] = []
    with TemporaryDirectory() as scratch:
        larger = random_model(Path(scratch) / "larger", arguments.model, 256, 8, 8, 512)
        for directory in (arguments.model, larger):
            converted = Path(scratch) / f"{directory.name}-converted"
            converted.mkdir()
            rows += decoding_rows(directory, Competitors(directory, converted, arguments.threads), arguments)
    print_table(rows, arguments)


if __name__ == "__main__":
    main()
