"""From the start of a process to the first logits, imports included: our engine beside transformers.

`python benchmarks/loading.py [--model DIR] [--threads N] [--rounds R]` prints one table. Each loads the same model
directory in a fresh process; the time is the one on the wall.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from measuring import least_seconds, parse, print_table, ratios

OURS = """
from pathlib import Path; import sys
from tinylm.model.language_model import LanguageModel
model = LanguageModel.load(Path(sys.argv[1])); model.engine.logits(model.tokenizer.encode("Once upon a time"))
"""
TRANSFORMERS = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1]); model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
with torch.inference_mode(): model(**tokenizer("Once upon a time", return_tensors="pt"))
"""


def in_a_process(program: str, directory: Path) -> Callable[[], object]:
    command = [sys.executable, "-c", program, str(directory)]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    arguments = parse(__doc__.splitlines()[0], rounds=3, in_processes=True)
    candidates = {
        "ours": in_a_process(OURS, arguments.model),
        "transformers": in_a_process(TRANSFORMERS, arguments.model),
    }
    seconds = least_seconds(candidates, arguments)
    rows = ratios("process start to first logits", seconds, lambda spent: f"{spent:.2f} s")
    print_table(rows, arguments)


if __name__ == "__main__":
    main()
