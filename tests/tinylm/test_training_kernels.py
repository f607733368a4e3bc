"""Attention and head by hand are what PyTorch computes, and their gradients are gradients."""

import sys
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from tinylm.training import head_loss as head_loss_module
from tinylm.training.attention import causal_attention
from tinylm.training.config import TrainConfig
from tinylm.training.head_loss import head_loss
from tinylm.training.network import choose_machine


def heads(n_tokens, dtype=torch.float32, n_batch=2, n_heads=3, d=4):
    """Queries, keys and values as GPT-2 makes them: views into one tensor, heads behind tokens."""
    generator = torch.Generator().manual_seed(n_tokens)
    made = torch.randn(n_batch, n_tokens, 3 * n_heads * d, generator=generator, dtype=dtype)
    return [part.view(n_batch, n_tokens, n_heads, d).transpose(1, 2) for part in made.requires_grad_().chunk(3, 2)]


@pytest.mark.parametrize("n_tokens", [1, 2, 63, 64, 65, 128, 200])
def test_attention_and_gradients_are_those_of_torch(n_tokens):
    of_torch = [each.detach().requires_grad_() for each in heads(n_tokens)]
    ours = [each.detach().requires_grad_() for each in heads(n_tokens)]
    expected = functional.scaled_dot_product_attention(*of_torch, is_causal=True, scale=0.7).transpose(1, 2)
    attended = causal_attention(*ours, 0.7)
    upstream = torch.randn(attended.shape, generator=torch.Generator().manual_seed(1))
    expected.backward(upstream)
    attended.backward(upstream)
    torch.testing.assert_close(attended, expected, rtol=0, atol=2e-6)
    for mine, theirs in zip(ours, of_torch, strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=0, atol=2e-5)


def test_attention_gradients_are_differences():
    views = [view.detach().requires_grad_() for view in heads(67, torch.float64, 1, 1, 2)]
    assert torch.autograd.gradcheck(lambda *qkv: causal_attention(*qkv, 0.5), views, fast_mode=True)


def test_attention_leaves_its_inputs_alone():
    views = heads(70, n_heads=1)
    before = [view.detach().clone() for view in views]
    causal_attention(*views, 0.5).sum().backward()
    assert all(torch.equal(view, copy) for view, copy in zip(views, before, strict=True))


@pytest.mark.parametrize("n_rows", [1, 7, 8, 21])
def test_head_loss_and_gradients_are_those_of_torch(n_rows, monkeypatch):
    monkeypatch.setattr(head_loss_module, "ROWS", 8)
    generator = torch.Generator().manual_seed(n_rows)
    hidden = torch.randn(n_rows, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(11, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(11, (n_rows,), generator=generator)
    expected = functional.cross_entropy(hidden @ weight.t(), targets)
    torch.testing.assert_close(head_loss(hidden, weight, targets), expected)
    wanted = torch.autograd.grad(expected / 2, (hidden, weight))
    torch.testing.assert_close(torch.autograd.grad(head_loss(hidden, weight, targets) / 2, (hidden, weight)), wanted)


def test_head_loss_of_a_target_beyond_a_float_is_finite():
    hidden, weight = torch.eye(2) * 300.0, torch.eye(2)
    targets = torch.tensor([1, 1])  # exp(-300) is 0 in float32
    assert head_loss(hidden, weight, targets).item() == functional.cross_entropy(hidden @ weight.t(), targets).item()


def test_auto_compiles_long_runs_except_where_the_kernels_by_hand_are_faster(monkeypatch):
    monkeypatch.setenv("CXX", sys.executable)  # something that is there
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    long = TrainConfig(data=("sample",), tokenizer="-", out="-", steps=1_000_000)
    compiled = {
        (dtype, wish): choose_machine(replace(long, dtype=dtype, compile=wish), 8192).compile
        for dtype in ("float32", "bfloat16")
        for wish in ("auto", "on", "off")
    }
    assert [key for key, value in compiled.items() if value] == [
        ("float32", "on"),
        ("bfloat16", "auto"),
        ("bfloat16", "on"),
    ]
