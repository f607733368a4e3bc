"""Muon's update is the polynomial that its paper states, applied to the singular values."""

import pytest
import torch

from tinylm.training.optim import orthogonalized

A, B, C = 3.4445, -4.7750, 2.0315  # Keller Jordan's


def by_singular_values(matrix):
    """The definition, by a decomposition in float64: five times s -> a s + b s^3 + c s^5."""
    u, s, vh = torch.linalg.svd(matrix.double() / matrix.double().norm(), full_matrices=False)
    for _ in range(5):
        s = A * s + B * s**3 + C * s**5
    return u @ torch.diag(s) @ vh


@pytest.mark.parametrize("shape", [(24, 24), (24, 30), (24, 96), (96, 24), (1, 40)])
@pytest.mark.parametrize("kind", ["full", "low rank", "decaying", "zero"])
def test_wide_tall_and_square_matrices_follow_the_definition(shape, kind):
    n_rows = shape[0]
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    if kind == "low rank":
        matrix = matrix[:, :1] @ matrix[:1]
    elif kind == "decaying":
        matrix = torch.logspace(0, -6, n_rows)[:, None] * matrix
    elif kind == "zero":
        assert not orthogonalized(torch.zeros(1, *shape)).any()
        return
    found = orthogonalized(torch.stack([matrix, 1000 * matrix]))
    expected = by_singular_values(matrix)
    assert found.shape == (2, *shape)
    for each in found:
        assert float((each.double() - expected).norm() / expected.norm()) < 1e-3
