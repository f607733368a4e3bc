"""Causal attention for training on a processor: exact, in blocks of queries, with gradients of its own.

What PyTorch has for it (`scaled_dot_product_attention`) computes the probabilities a second time for the gradients and
multiplies matrices of 64 x 32; forward and backward together take 1.4 times as long as this at 512 tokens and heads of
32. The price is memory: the probabilities are kept, B x H x T x (T + 64) / 2 of them a layer.
The gradients are those of the FlashAttention paper (https://arxiv.org/abs/2205.14135, appendix B).
Without gradients, and so in evaluations and sampling, PyTorch's is used.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface, GPT2LMHeadModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

__all__ = ["QUERIES", "causal_attention", "use_block_attention"]

QUERIES = 64  # in a block; 32 and 128 were slower at two of the three sizes or more, in two runs
_NAME = "tinylm_blocks"


def use_block_attention(model: GPT2LMHeadModel) -> None:
    """Let a model train with `causal_attention`. No weight changes, and what is saved of the model does not either."""
    AttentionInterface.register(_NAME, _attention_of_a_layer)
    model.set_attn_implementation(_NAME)


def causal_attention(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Let each position look at itself and all before it.

    Args:
        query, key, value: (B, H, T, D).
        scale: the factor on the products of queries and keys.
    Returns:
        (B, T, H, D), contiguous.
    """
    return _CausalAttention.apply(query, key, value, scale)  # type: ignore[no-any-return, no-untyped-call]  # torch's


def _attention_of_a_layer(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **given: Any
) -> tuple[Tensor, None]:
    """Answer as an attention function of transformers does, whose models call it by this signature."""
    if not torch.is_grad_enabled():
        return sdpa_attention_forward(module, query, key, value, mask, **given)  # type: ignore[no-any-return]
    assert mask is None and not given.get("dropout"), "training packs rows without padding and drops no attention"
    return causal_attention(query, key, value, given["scaling"]), None


class _CausalAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        n_batch, n_heads, n_tokens, d = query.shape
        q, k, v = (_flat(tensor) for tensor in (query, key, value))  # (BH, T, D)
        future = torch.full((QUERIES, QUERIES), -torch.inf, dtype=q.dtype).triu(1)
        attended = query.new_empty(n_batch, n_tokens, n_heads, d)
        kept = []
        for begin, end in _blocks(n_tokens):
            n = end - begin
            scores = q.new_empty(len(q), n, end).baddbmm_(q[:, begin:end], k[:, :end].mT, beta=0, alpha=scale)
            scores[:, :, begin:] += future[:n, :n]
            probabilities = torch.softmax(scores, -1)  # (BH, n, end)
            block = (probabilities @ v[:, :end]).view(n_batch, n_heads, n, d)
            attended[:, begin:end] = block.transpose(1, 2)
            kept.append(probabilities)
        ctx.scale = scale
        ctx.save_for_backward(q, k, v, attended, *kept)
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        q, k, v, attended, *kept = ctx.saved_tensors
        n_batch, n_tokens, n_heads, d = attended.shape
        along = _flat((gradient * attended).sum(-1, keepdim=True).transpose(1, 2))  # (BH, T, 1)
        g = _flat(gradient.transpose(1, 2))  # (BH, T, D)
        of_q, of_k, of_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for (begin, end), probabilities in zip(_blocks(n_tokens), kept, strict=True):
            here = slice(begin, end)
            of_v[:, :end].baddbmm_(probabilities.mT, g[:, here])
            of_scores = (g[:, here] @ v[:, :end].mT).sub_(along[:, here]).mul_(probabilities)  # (BH, n, end)
            of_q[:, here].baddbmm_(of_scores, k[:, :end], beta=0, alpha=ctx.scale)
            of_k[:, :end].baddbmm_(of_scores.mT, q[:, here], alpha=ctx.scale)
        of_query, of_key, of_value = (each.view(n_batch, n_heads, n_tokens, d) for each in (of_q, of_k, of_v))
        return of_query, of_key, of_value, None


def _blocks(n_tokens: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, n_tokens, QUERIES):
        yield begin, min(begin + QUERIES, n_tokens)


def _flat(tensor: Tensor) -> Tensor:
    """Make one batch of all heads: (B, H, T, D) to (BH, T, D), contiguous."""
    return tensor.reshape(-1, *tensor.shape[2:]).contiguous()
