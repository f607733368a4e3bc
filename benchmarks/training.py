"""How fast a training step is: ours, `transformers.Trainer`, and a plain loop as one would write it by hand.

All train transformers' GPT-2 of the same shape with the same micro-batches, accumulation, clipping and number format.
Ours is `tinylm train` itself with its diary, order of data and Muon; the others use fused AdamW, which is cheaper, and
random tokens, which cost the same. Each candidate is a process of its own, so that none gains by another's settings;
they take turns, a few steps at a time, beside one that multiplies 1024 x 1024 matrices: the machine's rate.

    python benchmarks/training.py --threads 2 --sizes tiny,small --dtype bfloat16
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import STARTER, Arguments, Row, parse, print_table

# size of `tinylm train` -> (sequences in a micro-batch, steps in a turn). Two micro-batches in a step.
SIZES = {"tiny": (16, 3), "small": (8, 1), "base": (8, 1)}
ACCUMULATE = 2
VOCAB_SIZE = 8192
CANDIDATES = ("TinyLM (Muon and AdamW)", "a loop by hand (AdamW)", "transformers.Trainer (AdamW)", "products")
_PRODUCTS, _PRODUCT_SIZE = 20, 1024
_CHILD = "TINYLM_BENCHMARK_CHILD"


class Turns:
    """Counts steps in a child process. After each turn it prints the seconds and waits until the next is called."""

    def __init__(self, n_steps: int, clock: Callable[[], float]) -> None:
        self._n_steps = self._left = n_steps
        self._clock, self._began = clock, clock()

    def step_done(self) -> None:
        """Note a step. The first turn warms up."""
        self._left -= 1
        if self._left:
            return
        print(f"seconds {self._clock() - self._began}", flush=True)
        if not sys.stdin.readline():
            os._exit(0)  # from the depth of somebody's training loop
        self._left, self._began = self._n_steps, self._clock()


def main() -> None:
    arguments = parse("Steps of training, side by side.", rounds=4, sizes=",".join(SIZES), dtype="auto")
    if child := os.environ.get(_CHILD):
        run_child(*child.split(","), arguments)
        return
    rows = []
    for size in arguments.options["sizes"].split(","):
        rows += compared(size, arguments)
    print_table(rows, arguments)


def compared(size: str, arguments: Arguments) -> list[Row]:
    """Let the candidates take turns; return a row for each."""
    from tinylm.training.estimate import flops_per_step

    children = {who: start_child(who, size) for who in CANDIDATES}
    for child in children.values():
        seconds_of_turn(child)  # warming up
    least = dict.fromkeys(CANDIDATES, float("inf"))
    for _ in range(arguments.rounds):
        for who, child in children.items():
            child.stdin.write("go\n")
            child.stdin.flush()
            least[who] = min(least[who], seconds_of_turn(child))
    for child in children.values():
        child.stdin.close()
        child.wait()
    rate = _PRODUCTS * 2 * _PRODUCT_SIZE**3 / least.pop("products")
    config, n_steps = config_of(size, Path("unused"), arguments), SIZES[size][1]
    ours = least[CANDIDATES[0]]
    rows = []
    for who, seconds in least.items():
        speed = config.tokens_per_step * n_steps / seconds
        share = flops_per_step(config, VOCAB_SIZE) * n_steps / seconds / rate
        what = f"{size}, {config.tokens_per_step:,} tokens a step"
        rows.append(Row(what, who, f"{speed:,.0f} tokens/s, {share:.2f} of {rate / 1e9:.0f} GFLOP/s", seconds / ours))
    return rows


def start_child(who: str, size: str) -> subprocess.Popen:
    environment = {**os.environ, _CHILD: f"{CANDIDATES.index(who)},{size}"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *sys.argv], env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )


def seconds_of_turn(child: subprocess.Popen) -> float:
    for line in child.stdout:
        if line.startswith("seconds "):
            return float(line.split()[1])
    raise SystemExit(f"a candidate ended with {child.wait()}; run it alone to see why")


def run_child(number: str, size: str, arguments: Arguments) -> None:
    """Train until the parent closes the pipe."""
    import torch

    torch.set_num_threads(arguments.threads)
    clock = time.perf_counter if arguments.on_the_wall else time.process_time
    work = (train_ours, train_by_hand, train_with_trainer, multiply)[int(number)]
    with tempfile.TemporaryDirectory() as place:
        turns = Turns(SIZES[size][1] if int(number) < 3 else _PRODUCTS, clock)
        work(config_of(size, Path(place) / "run", arguments), turns)


def config_of(size: str, out: Path, arguments: Arguments):
    from tinylm.training import config

    n_layer, n_head, n_embd, block_size = config.SIZES[size]
    shape = {"n_layer": n_layer, "n_head": n_head, "n_embd": n_embd, "block_size": block_size}
    never = 100_000
    return config.TrainConfig(
        data=("sample:500",),
        tokenizer=str(STARTER),
        out=str(out),
        **shape,
        batch_size=SIZES[size][0],
        accumulate=ACCUMULATE,
        steps=never,
        evaluate_every=never,
        checkpoint_every=never,
        snapshots=0,
        threads=arguments.threads,
        dtype=arguments.options["dtype"],
        compile="off",
    )


def train_ours(config, turns: Turns) -> None:
    from tinylm.training import loop

    loop.train(config, on_event=lambda event: turns.step_done() if event["type"] == "step" else None)


def gpt2_of(config):
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = {"n_layer": config.n_layer, "n_head": config.n_head, "n_embd": config.n_embd}
    ids = {"bos_token_id": 0, "eos_token_id": 0}
    dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return GPT2LMHeadModel(GPT2Config(vocab_size=VOCAB_SIZE, n_positions=config.block_size, **shape, **ids, **dropout))


def is_bfloat16(config) -> bool:
    from tinylm.training.network import choose_machine

    return choose_machine(config, VOCAB_SIZE).dtype == "bfloat16"


def train_by_hand(config, turns: Turns) -> None:
    """In the way of nanoGPT: rows gathered from an array of uint16, fused AdamW, clipping, autocast where it pays."""
    import numpy as np
    import torch

    model = gpt2_of(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    tokens = np.random.default_rng(0).integers(VOCAB_SIZE, size=1_000_000).astype(np.uint16)
    context = torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16(config))
    while True:
        total = 0.0
        for _ in range(config.accumulate):
            at = torch.randint(len(tokens) - config.block_size, (config.batch_size,)).tolist()
            rows = torch.from_numpy(np.stack([tokens[i : i + config.block_size + 1].astype(np.int64) for i in at]))
            with context:
                logits = model(rows[:, :-1]).logits
                loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())
            (loss / config.accumulate).backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        turns.step_done()


def train_with_trainer(config, turns: Turns) -> None:
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class TakeTurns(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            turns.step_done()

    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(VOCAB_SIZE, (4096, config.block_size), generator=generator)
    given = TrainingArguments(
        output_dir=config.out,
        max_steps=config.steps,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=1e-3,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        bf16=is_bfloat16(config),
    )
    data = [{"input_ids": row, "labels": row} for row in rows]
    Trainer(gpt2_of(config), given, train_dataset=data, callbacks=[TakeTurns()]).train()


def multiply(config, turns: Turns) -> None:
    """Multiply, in the number format of the candidates."""
    import torch

    dtype = torch.bfloat16 if is_bfloat16(config) else torch.float32
    left = torch.randn(_PRODUCT_SIZE, _PRODUCT_SIZE, dtype=dtype)
    while True:
        left @ left
        turns.step_done()


if __name__ == "__main__":
    main()
