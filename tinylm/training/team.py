"""The processes that train one model together, as `torchrun` or `accelerate launch` starts them; one is a team too.

Every process holds the whole model. The micro-batches of a step are dealt out in turn, gradients and losses are added
up over the team, and each process then makes the same optimizer step. A team therefore reads the rows that one process
would read, with the same dropout; only the order of additions differs. What happens once is the affair of the leader,
process 0: encoding the corpus, evaluating, saving, telling. The others wait for it, and what ends it ends them.

Gradients are added in one flat tensor after the last micro-batch, which costs nothing that matters at these sizes and
leaves model and compiler as they are for one process. Whoever starts the processes sets RANK, LOCAL_RANK, WORLD_SIZE,
MASTER_ADDR and MASTER_PORT: https://docs.pytorch.org/docs/stable/elastic/run.html
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from tinylm.errors import EnvironmentProblem, Interrupted, TinyLMError, UsageError

__all__ = ["Team", "joined_team", "n_processes"]

# The others wait this long while the leader encodes a corpus. A process that dies is noticed by its closed connection.
_PATIENCE = timedelta(days=1)
_FIRST_SIGNAL_CODE = 128


@dataclass(frozen=True)
class Team:
    """This process' place among `size` processes; `rank` 0 leads."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process does what happens once."""
        return self.rank == 0

    def rounds(self, n_micro: int) -> Iterator[int | None]:
        """Yield this process' micro-batch of each round; None where there are not enough for everybody."""
        for first in range(0, n_micro, self.size):
            micro = first + self.rank
            yield micro if micro < n_micro else None

    def agreed(self, number: int) -> int:
        """Return the largest of the numbers that the processes bring, so that all see a stop at the same place."""
        return int(self._summed(torch.tensor(number), dist.ReduceOp.MAX)) if self.size > 1 else number

    def all_losses(self, losses: Sequence[float | None]) -> list[float]:
        """Return the losses of all micro-batches; each process brings its own and None for those of others."""
        if self.size == 1:
            return [loss for loss in losses if loss is not None]
        own = torch.tensor([loss or 0.0 for loss in losses], dtype=torch.float64)
        return [float(loss) for loss in self._summed(own)]

    def add_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace every gradient by its sum over the team. Each process has had a micro-batch, so it has gradients."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        total = self._summed(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, part in zip(
            gradients, torch.split(total, [gradient.numel() for gradient in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))

    def leader_does(self, work: Callable[[], object]) -> None:
        """Do `work` in the leader only; the others wait for its end.

        Raises:
            TinyLMError: in the leader, what `work` raised; in the others, the same kind of end with the same exit code.
        """
        if not self.leads:
            _end_like_the_leader(self._from_leader(0))
            return
        code = 1
        try:
            work()
            code = 0
        except TinyLMError as error:
            code = error.exit_code
            raise
        finally:
            if self.size > 1:
                self._from_leader(code)

    def _summed(self, tensor: Tensor, operation: dist.ReduceOp.RedOpType = dist.ReduceOp.SUM) -> Tensor:
        dist.all_reduce(tensor, operation)
        return tensor

    def _from_leader(self, number: int) -> int:
        told = torch.tensor(number)
        dist.broadcast(told, src=0)
        return int(told)


def n_processes() -> int:
    """Return how many processes were started together; 1 where nothing says so.

    Raises:
        EnvironmentProblem: WORLD_SIZE is no number from 1 on.
    """
    text = os.environ.get("WORLD_SIZE", "1")
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise EnvironmentProblem(f"WORLD_SIZE is {text!r}, expected 1 or more; start with torchrun, or unset it")
    return size


@contextmanager
def joined_team(n_micro: int) -> Iterator[Team]:
    """Join the processes that were started together, for as long as the block runs; without any, a team of one.

    Args:
        n_micro: micro-batches in a step; every process needs one.

    Raises:
        UsageError: there are more processes than micro-batches.
        EnvironmentProblem: the others cannot be reached, or WORLD_SIZE is no number.
    """
    size = n_processes()
    if size == 1:
        yield Team()
        return
    if size > n_micro:
        raise UsageError(f"--accumulate is {n_micro}, expected {size} or more: each of {size} processes needs a part")
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if has_gpu else "gloo", timeout=_PATIENCE)
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise EnvironmentProblem(f"WORLD_SIZE is {size}, but joining failed ({reason}); start with torchrun") from error
    try:
        yield Team(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def _end_like_the_leader(code: int) -> None:
    if code > _FIRST_SIGNAL_CODE:
        raise Interrupted("process 0 was asked to stop", code - _FIRST_SIGNAL_CODE)
    if code:
        error = TinyLMError("process 0 ended the run; its own message says why")
        error.exit_code = code
        raise error
