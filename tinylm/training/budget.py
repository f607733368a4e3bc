"""Decides how to spend a given time: the shape of the model, the batch and the number of steps.

The operations that the time buys (measured, not assumed) choose a row of this table; the more there are, the larger
the model and the more tokens for each of its parameters.

    operations up to  blocks heads width context  tokens a step  where the row comes from
    2e13              2      3     96    128      2,048          two minutes on two cores: the size `tiny`; nothing
                                                                 larger sees enough text then to learn words
    1.5e14            4      4     128   256      4,096          1.9 M parameters: 15,000 tokens/s on two cores
    1.5e15            6      6     192   256      4,096          the size `small`: an hour on two cores is 4e14 to 8e14
                                                                 operations, best spent on 4 to 7 M parameters
    2e16              6      12    384   512      16,384         the size `base`: half an hour of a laptop's GPU, 14 to
                                                                 30 M parameters with 16 to 32 thousand tokens a step
    1e18              8      16    512   512      65,536         30 M parameters: eight minutes of a large GPU
    more              12     24    768   512      131,072        92 M parameters: a night of one GPU

The size `small` was trained on two cores with TinyStories and 8,192 entries; the other rows are estimates from it and
from published runs: Eldan and Li 2023 for the largest shape, Stanford's CS336 for 23 M parameters with 32,768 tokens a
step, nanochat for a batch that grows with the tokens. AdamW's rate falls to 3e-3 from width 512 on; Muon's stays. What
is given wins.

Of the time, a tenth against surprises, what reading the corpus takes, and the minute that compiling takes where the
machine does it are put aside first; below ten minutes nothing is compiled. An evaluation costs a third of training on
the same tokens; there are ten, or fewer so that they take at most a sixth of the time.

A machine that is busier than it was when it was measured would reach the end of the time with a rate that has not
fallen. `TimeLimit` looks at the clock a few times in a run: as soon as the time only just holds the steps in which the
rate falls, what is left of the others is left out, and later as many of those as do not fit.
"""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tinylm.errors import UsageError
from tinylm.training.config import EVALUATION_TOKENS, TrainConfig
from tinylm.training.corpus import HELD_OUT_FRACTION

__all__ = ["BYTES_PER_TOKEN", "ROWS", "Row", "TimeLimit", "first_guess", "plan_steps", "row_for", "seconds_from_text"]

BYTES_PER_TOKEN = 3.5  # between 3.4 (public domain tales) and 4.0 (TinyStories) with 8,192 entries
_SET_ASIDE = 0.1
_COMPILE_FROM_S, _COMPILING_S = 600.0, 60.0
_EVALUATIONS, _EVALUATION_SHARE = 10, 1 / 6
_ENCODING_BYTES_PER_S = 2.0e6  # one core of a busy machine read 2.8 to 6.6 MB/s
_FEWEST_STEPS, _FEWEST_FURTHER_STEPS = 20, 5  # from random weights; from a model that knows something
_LOOKS = 20  # at the clock, at most


@dataclass(frozen=True)
class Row:
    """A row of the table; `flops` is its upper bound."""

    flops: float
    n_layer: int
    n_head: int
    n_embd: int
    block_size: int
    batch_size: int
    accumulate: int

    def fields(self) -> dict[str, Any]:
        """Return the fields of a `TrainConfig` that the row decides."""
        names = ("n_layer", "n_head", "n_embd", "block_size", "batch_size", "accumulate")
        lr = {"lr": 3e-3} if self.n_embd >= 512 else {}
        return {**{name: getattr(self, name) for name in names}, **lr}


ROWS = (
    Row(2e13, 2, 3, 96, 128, 16, 1),
    Row(1.5e14, 4, 4, 128, 256, 8, 2),
    Row(1.5e15, 6, 6, 192, 256, 8, 2),
    Row(2e16, 6, 12, 384, 512, 8, 4),
    Row(1e18, 8, 16, 512, 512, 32, 4),
    Row(float("inf"), 12, 24, 768, 512, 32, 8),
)
_SHAPE = ("n_layer", "n_head", "n_embd", "block_size")


def seconds_from_text(text: str) -> float:
    """Read a time such as "90s", "10m", "1.5h" or "1h30m".

    Raises:
        UsageError: it is none, or zero.
    """
    match = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?", text.strip().lower())
    parts = match.groups() if match else (None,)
    try:
        seconds = sum(float(part) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False) if part)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise UsageError(f"--budget {text}: write a time such as 90s, 10m or 1h30m")
    return seconds


def row_for(flops: float) -> Row:
    """Return the row of the table for so many operations."""
    return next(row for row in ROWS if flops <= row.flops)


def first_guess(given: dict[str, Any], row: Row) -> dict[str, Any]:
    """Return the row's fields without those that are given; a shape that is given in part is kept as it would be."""
    fields = row.fields()
    if any(name in given for name in _SHAPE):
        fields = {name: value for name, value in fields.items() if name not in _SHAPE}
    return {name: value for name, value in fields.items() if name not in given}


def plan_steps(
    config: TrainConfig,
    given: dict[str, Any],
    *,
    seconds_spent: float,
    seconds_left: float,
    seconds_per_step: float,
    can_compile: bool,
    corpus_bytes: int,
    validation_bytes: int | None,
) -> TrainConfig:
    """Return the configuration with the steps that the time holds, its schedule and its evaluations.

    Args:
        given: options that were asked for by name; they stay.
        seconds_spent: on starting and measuring, to be told where the time is too short.
        can_compile: whether this machine compiles a run that is long enough.
        corpus_bytes: of all sources together; 0 where unknown.
        validation_bytes: of the corpus to measure on, None where part of the first is held out.

    Raises:
        UsageError: there is not time enough for anything worth the name.
    """
    reading = (corpus_bytes + (validation_bytes or 0)) / _ENCODING_BYTES_PER_S
    compiles = can_compile and seconds_left >= _COMPILE_FROM_S
    left = seconds_left * (1 - _SET_ASIDE) - reading - (_COMPILING_S if compiles else 0)
    held_out = corpus_bytes * HELD_OUT_FRACTION if validation_bytes is None else validation_bytes
    scored = min(EVALUATION_TOKENS, held_out / BYTES_PER_TOKEN)
    evaluation_s = scored * seconds_per_step / config.tokens_per_step / 3 + seconds_per_step
    n_evaluations = max(1, min(_EVALUATIONS, int(left * _EVALUATION_SHARE / evaluation_s)))
    steps = int((left - n_evaluations * evaluation_s) / seconds_per_step)
    fewest = _FEWEST_STEPS if config.init_from is None else _FEWEST_FURTHER_STEPS
    if steps < fewest:
        missing = (fewest - steps) * seconds_per_step / (1 - _SET_ASIDE)
        raise UsageError(
            f"--budget: starting and measuring took {seconds_spent:.0f} s, reading the corpus takes about "
            f"{reading:.0f} s, an evaluation {evaluation_s:.2g} s and a step {seconds_per_step:.2g} s, which leaves "
            f"time for {max(0, steps)} steps; give {math.ceil(missing)} s more for {fewest} of them"
        )
    fields: dict[str, Any] = {
        "steps": steps,
        "warmup": min(50, steps // 10),
        "evaluate_every": max(1, -(-steps // n_evaluations)),
    }
    fields |= {"checkpoint_every": fields["evaluate_every"], "compile": config.compile if compiles else "off"}
    return replace(config, **{name: value for name, value in fields.items() if name not in given})


@dataclass
class TimeLimit:
    """When a run has to end, and how far in its plan it has to go ahead for that.

    Args:
        ends: on the clock `now`, in seconds.
    """

    ends: float
    now: Callable[[], float] = time.monotonic
    _last_look: tuple[float, int] = field(default=(0.0, 0), init=False)

    def begin(self, step: int) -> None:
        """Measure from here on: `step` steps are done."""
        self._last_look = (self.now(), step)

    def step_that_fits(self, step: int, config: TrainConfig) -> int:
        """Return the step of the plan to go on from so that its end is reached in time; `step` where all of it fits.

        What a step costs, with its share of evaluations and checkpoints, is measured since the last look. While the
        rate stands still nothing is lost by waiting, and the machine may become faster again.
        """
        since, first = self._last_look
        every = config.evaluate_every * max(1, config.steps // (_LOOKS * config.evaluate_every))
        if step % min(every, max(1, config.steps // 4)) or not first < step < config.steps:
            return step
        now = self.now()
        n_fitting = int((self.ends - now) * (step - first) / max(1e-9, now - since))
        n_falling = max(int(config.steps * config.decay_fraction), step - first)
        go_on_from = step if n_fitting > n_falling else max(step, config.steps - max(1, n_fitting))
        self._last_look = (now, go_on_from)
        return go_on_from
