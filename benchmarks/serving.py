"""Serving side by side: our NumPy engine and transformers, the same model, text and number of threads, in one run.

`python benchmarks/serving.py [--model DIR] [--threads N] [--rounds R]` prints one Markdown table. The candidates take
turns, round by round, so that a noisy machine disturbs both; the median of each and the ratio of the medians are shown.
Loading is measured in fresh processes, from their start to the first logits, imports included.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROMPT = "Once upon a time, there was a little girl named Mia. Mia had a small red boat. Every day she took the boat to"
STORY = Path(__file__).parents[1] / "examples" / "01-story.txt"

LOAD_OURS = """
from pathlib import Path; import sys
from tinylm.model.language_model import LanguageModel
model = LanguageModel.load(Path(sys.argv[1])); model.engine.logits(model.tokenizer.encode("Once upon a time"))
"""
LOAD_TRANSFORMERS = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1]); model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
with torch.inference_mode(): model(**tokenizer("Once upon a time", return_tensors="pt"))
"""


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def take_turns(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return each candidate's median seconds; the first round warms up and does not count."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for round_idx in range(rounds + 1):
        for name, work in candidates.items():
            spent = seconds(work)
            if round_idx:
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def load_in_a_process(program: str, directory: Path) -> Callable[[], object]:
    command = [sys.executable, "-c", program, str(directory)]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def decoding(directory: Path, n_tokens: int) -> dict[str, Callable[[], object]]:
    """Greedy decoding of `n_tokens` after the prompt, batch 1."""
    import torch
    from transformers import AutoModelForCausalLM

    from tinylm.model.language_model import LanguageModel
    from tinylm.model.sampling import SamplingConfig

    ours = LanguageModel.load(directory)
    theirs = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    ids = torch.from_numpy(ours.tokenizer.encode(PROMPT).astype("int64"))[None]
    greedy = SamplingConfig(temperature=0.0)

    def generate_ours() -> None:
        steps = sum(1 for _ in ours.generate(PROMPT, greedy, n_tokens, n_alternatives=0))
        assert steps, "nothing was generated"

    def generate_theirs() -> None:
        mask = torch.ones_like(ids)
        with torch.inference_mode():
            theirs.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=n_tokens, min_new_tokens=n_tokens)

    def loop_theirs() -> None:
        with torch.inference_mode():
            output = theirs(ids, use_cache=True)
            for _ in range(n_tokens - 1):
                token = output.logits[:, -1:].argmax(-1)
                output = theirs(token, past_key_values=output.past_key_values, use_cache=True)

    return {"ours": generate_ours, "transformers.generate": generate_theirs, "transformers, own loop": loop_theirs}


def scoring(directory: Path) -> dict[str, Callable[[], object]]:
    """Log probability, rank, entropy of each token of a story that fits into one window."""
    import torch
    from transformers import AutoModelForCausalLM

    from tinylm.model.language_model import LanguageModel

    ours = LanguageModel.load(directory)
    theirs = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    tokens = ours.tokenizer.encode(STORY.read_text("utf-8"))[: ours.engine.config.block_size - 1]
    ids = torch.tensor([[ours.tokenizer.end_of_text_id, *tokens.tolist()]])

    def score_ours() -> None:
        LanguageModel(ours.path, ours.tokenizer, ours.engine).scorer.score(tokens, 0, len(tokens))

    def score_theirs() -> None:
        with torch.inference_mode():
            logprobs = torch.log_softmax(theirs(ids).logits[0, :-1].float(), -1)
            chosen = logprobs.gather(1, ids[0, 1:, None])
            (logprobs > chosen).sum(-1)
            torch.special.entr(logprobs.exp()).sum(-1)

    return {"ours": score_ours, "transformers": score_theirs}


def rows(title: str, measured: dict[str, float], unit: str, amount: float) -> list[str]:
    """Return one table row a candidate: its figure, and how many times as long as ours it took."""
    lines = []
    for name, spent in measured.items():
        figure = f"{amount / spent:,.0f} {unit}" if amount else f"{spent:.2f} {unit}"
        lines.append(f"| {title} | {name} | {figure} | {spent / measured['ours']:.2f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path(__file__).parents[1] / "models" / "starter")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=128)
    arguments = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != str(arguments.threads):
        # OpenBLAS reads it when NumPy is loaded, so the program starts again with it.
        os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(arguments.threads)
    directory, rounds = arguments.model, arguments.rounds
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {arguments.threads} threads, {rounds} rounds, {directory.name}"
    )
    print("\n| what | who | median | time, ours = 1 |\n|---|---|---:|---:|")
    programs = {
        "ours": load_in_a_process(LOAD_OURS, directory),
        "transformers": load_in_a_process(LOAD_TRANSFORMERS, directory),
    }
    table = rows("process start to first logits", take_turns(programs, 3), "s", 0)
    table += rows(
        "decoding, batch 1", take_turns(decoding(directory, arguments.tokens), rounds), "tokens/s", arguments.tokens
    )
    story = scoring(directory)
    table += rows("scoring a story", take_turns(story, rounds), "stories/s", 1)
    print("\n".join(table))


if __name__ == "__main__":
    main()
