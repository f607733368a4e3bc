"""Shows a run's events in TensorBoard, through TensorBoard's own writer: one more reader of the diary.

What goes wrong here ends the showing, never the run. After a resume, steps that happen again are purged, so each stands
there once. Losses in nats per token; the times are those of the events.
"""

import contextlib
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from tinylm.training.events import Event

__all__ = ["TensorBoard"]

# tag -> field of the event
_OF_STEPS = {
    "loss/training": "loss",
    "rate/learning_rate": "learningRate",
    "rate/gradient_norm": "gradNorm",
    "rate/tokens_per_second": "tokensPerSecond",
}
_OF_EVALUATIONS = {"loss/validation": "validationLoss", "loss/bits_per_byte": "bitsPerByte"}


class TensorBoard:
    """Writes events below a directory. Use it in a `with` block; `show` takes each event in order."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer: SummaryWriter | None = None
        self._is_broken = False

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(self, *problem: object) -> None:
        with contextlib.suppress(OSError):
            self._close()

    def show(self, event: Event) -> None:
        """Write one event; after the first that could not be written, nothing."""
        if not self._is_broken:
            try:
                self._write(event)
            except OSError:  # the disk is full, or the place has gone
                self._is_broken = True

    def _write(self, event: Event) -> None:
        step, time = event.get("step"), event.get("time")
        if event["type"] == "start":
            self._close()
            self._writer = SummaryWriter(str(self._directory), purge_step=int(step or 0) + 1)
        if self._writer is None or not isinstance(step, int):
            return
        tags = {"step": _OF_STEPS, "evaluation": _OF_EVALUATIONS}.get(event["type"], {})
        for tag, field in tags.items():
            if isinstance(value := event.get(field), int | float):
                self._writer.add_scalar(tag, value, step, walltime=time)
        if event["type"] == "evaluation":
            self._writer.add_text("sample", str(event.get("sample", "")), step, walltime=time)
            self._writer.flush()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
