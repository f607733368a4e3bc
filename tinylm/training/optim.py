"""Two optimizers in one: Muon for the matrices inside the blocks, AdamW for embeddings, norms and biases.

Muon (Keller Jordan, https://kellerjordan.github.io/posts/muon/) replaces each momentum matrix by the nearest orthogonal
one. Three things differ from `torch.optim.Muon` 2.13: GPT-2's weights are stored (in, out), its fused `c_attn` is three
matrices and is treated as three, and the iteration runs in float32, in one batch for all matrices of a shape: torch's
bfloat16 took 0.3 s for a single 192 x 768 matrix on a processor without bfloat16 arithmetic, all 36 take 0.12 s here.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["Optimizers", "learning_rate_scale", "orthogonalized"]

_MOMENTUM = 0.95
_BETAS = (0.9, 0.95)
_GRADIENT_NORM = 1.0  # clipped beyond this, as GPT-2 and nanoGPT do
_ITERATIONS = 5
_WIDE = 1.5  # from this ratio of the sides on, iterating without the wide matrix takes fewer multiplications
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # Keller Jordan's, chosen for the slope at zero


def learning_rate_scale(step: int, steps: int, warmup: int, decay_fraction: float) -> float:
    """Return the factor on the learning rates at a step (0 is the first): a ramp, a plateau, a line down to zero.

    Example: with 10 steps, no warm-up and a decay fraction of 0.5, steps 0..4 have 1.0, step 9 has 0.2.
    """
    decay_steps = decay_fraction * steps
    down = min(1.0, (steps - step) / decay_steps) if decay_steps else 1.0
    up = min(1.0, (step + 1) / (warmup + 1))
    return min(up, down)


def orthogonalized(matrices: Tensor) -> Tensor:
    """Return the nearly orthogonal matrices with the same singular vectors (singular values from about 0.7 to 1.2).

    Args:
        matrices: (N, R, C) float32.
    Returns:
        (N, R, C).
    """
    tall = matrices.size(1) > matrices.size(2)
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    iterate = _iterated_small if x.size(2) > _WIDE * x.size(1) else _iterated
    return iterate(x).mT if tall else iterate(x)


def _iterated(x: Tensor) -> Tensor:
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.mT  # (N, R, R)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _iterated_small(x: Tensor) -> Tensor:
    """Return what `_iterated` returns, with two products of the wide matrix instead of ten.

    Each iteration multiplies `x` by a polynomial of its own Gram matrix. These commute, so their product and the next
    Gram matrix can be had without `x`.
    """
    a, b, c = _COEFFICIENTS
    gram = x @ x.mT  # (N, R, R)
    product = None
    for idx in range(_ITERATIONS):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        product = factor if product is None else factor @ product
        if idx < _ITERATIONS - 1:
            gram = factor @ gram @ factor
    assert product is not None
    return product @ x


class Optimizers:
    """Holds the momenta. Its whole state is in `state_tensors`, so that a checkpoint needs no pickle."""

    def __init__(self, model: nn.Module, lr: float, muon_lr: float, weight_decay: float) -> None:
        named = dict(model.named_parameters())
        self._matrices = {n: p for n, p in named.items() if ".h." in n and p.ndim == 2}
        self._others = {n: p for n, p in named.items() if n not in self._matrices}
        self._lr, self._muon_lr, self._weight_decay = lr, muon_lr, weight_decay
        self._momenta = {n: torch.zeros_like(p) for n, p in self._matrices.items()}
        # No decay for embeddings, norms and biases: at this size it costs more than it regularizes.
        self._adamw = torch.optim.AdamW(self._others.values(), lr=lr, betas=_BETAS, weight_decay=0.0, fused=True)

    def step(self, scale: float) -> float:
        """Apply the gradients with learning rates times `scale`, clear them, and return their norm before clipping."""
        parameters = [*self._matrices.values(), *self._others.values()]
        norm = nn.utils.clip_grad_norm_(parameters, _GRADIENT_NORM, foreach=True)
        for group in self._adamw.param_groups:
            group["lr"] = self._lr * scale
        self._adamw.step()
        self._muon_step(self._muon_lr * scale)
        for parameter in parameters:
            parameter.grad = None
        return float(norm)

    def state_tensors(self) -> dict[str, Tensor]:
        """Return every tensor of the state under a name of its own; `load_state_tensors` is the inverse."""
        state = {f"muon.{name}": tensor for name, tensor in self._momenta.items()}
        for name, parameter in self._others.items():
            for key, tensor in self._adamw.state[parameter].items():
                state[f"adamw.{key}.{name}"] = tensor
        return state

    def load_state_tensors(self, state: Mapping[str, Tensor]) -> None:
        """Take over a state. Raises: KeyError or RuntimeError when a tensor is missing or has another shape."""
        for name, momentum in self._momenta.items():
            momentum.copy_(state[f"muon.{name}"])
        if not any(name.startswith("adamw.") for name in state):
            return  # saved before the first step
        for name, parameter in self._others.items():
            self._adamw.state[parameter] = {
                key: state[f"adamw.{key}.{name}"].clone() for key in ("step", "exp_avg", "exp_avg_sq")
            }

    @torch.no_grad()
    def _muon_step(self, lr: float) -> None:
        by_shape: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = {}
        for name, parameter in self._matrices.items():
            assert parameter.grad is not None
            momentum = self._momenta[name].lerp_(parameter.grad, 1 - _MOMENTUM)
            update = parameter.grad.lerp(momentum, _MOMENTUM)  # Nesterov's look ahead
            parameter.mul_(1 - lr * self._weight_decay)
            n_parts = 3 if name.endswith("c_attn.weight") else 1
            for target, part in zip(parameter.chunk(n_parts, 1), update.chunk(n_parts, 1), strict=True):
                by_shape.setdefault(tuple(part.shape), []).append((target, part))
        for (n_in, n_out), pairs in by_shape.items():
            rate = lr * max(1.0, n_out / n_in) ** 0.5
            updates = orthogonalized(torch.stack([part for _, part in pairs]))
            for (target, _), update in zip(pairs, updates.unbind(), strict=True):
                target.sub_(update, alpha=rate)
