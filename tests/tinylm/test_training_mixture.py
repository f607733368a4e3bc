"""Rows are a pure function of the seed and the step; mixtures are obeyed; nothing of a source is left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinylm.errors import UsageError
from tinylm.training.mixture import Phase, RowOrder, derived_seed, parse_mix, phase_weights

BLOCK = 16


def order(lengths, *, mix=(), seed=0, steps=100, rows=4, every=50, aligned=0.5):
    starts = [np.arange(0, length - 1, every, dtype=np.int64) for length in lengths]
    return RowOrder(starts, lengths, BLOCK, mix, seed, steps, rows, aligned)


def test_rows_do_not_depend_on_what_was_asked_before():
    forwards, backwards = order([3000, 500]), order([3000, 500])
    expected = [forwards.rows(step) for step in range(100)]
    assert [backwards.rows(step) for step in reversed(range(100))] == expected[::-1]


def test_rows_depend_on_the_seed():
    assert [order([3000]).rows(s) for s in range(5)] != [order([3000], seed=1).rows(s) for s in range(5)]


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(BLOCK + 1, 2000), min_size=1, max_size=3),
    seed=st.integers(0, 2**62),
    rows=st.integers(1, 5),
)
def test_rows_lie_inside_their_source(lengths, seed, rows):
    order_ = order(lengths, seed=seed, steps=20, rows=rows)
    for step in range(20):
        found = order_.rows(step)
        assert len(found) == rows
        assert all(0 <= at < lengths[source] - BLOCK for source, at in found)


def test_mix_is_obeyed_in_every_phase():
    mix = parse_mix("0:90,10 0.4:75,25 0.75:1,1", 2)
    order_ = order([5000, 5000], mix=mix, steps=1000, rows=4)
    counts = np.array([[sum(s == source for s, _ in order_.rows(step)) for source in (0, 1)] for step in range(1000)])
    for begin, end, share in [(0, 400, 0.1), (400, 750, 0.25), (750, 1000, 0.5)]:
        assert counts[begin:end, 1].sum() == pytest.approx(share * 4 * (end - begin), abs=2)


def test_without_a_mix_sources_count_by_their_size():
    order_ = order([8000, 2000], steps=500, rows=4)
    drawn = [source for step in range(500) for source, _ in order_.rows(step)]
    assert drawn.count(1) == pytest.approx(0.2 * len(drawn), abs=2)


def test_every_pass_reads_nearly_everything_and_cuts_elsewhere():
    """In one pass each unsnapped row covers its own block; two passes have different borders."""
    length = 1 + 50 * BLOCK
    order_ = RowOrder([np.zeros(1, np.int64)], [length], BLOCK, (), 3, 49 * 3, 1)
    passes = [{order_.rows(49 * epoch + i)[0][1] for i in range(49)} for epoch in range(3)]
    borders = [{at % BLOCK for at in positions if at >= BLOCK} for positions in passes]
    assert all(len(border) == 1 for border in borders) and len(set.union(*borders)) > 1
    # Every place that is further than a block from the document's beginning stays where the permutation put it.
    assert all(len({at for at in positions if at >= BLOCK}) >= 47 for positions in passes)


@pytest.mark.parametrize("aligned", [0.0, 0.5, 0.9, 1.0])
def test_the_share_of_rows_that_was_asked_for_begins_with_a_document(aligned):
    """One in eleven of the others does by chance."""
    order_ = order([20000], steps=400, rows=4, every=11, aligned=aligned)
    at_start = [at % 11 == 0 for step in range(400) for _, at in order_.rows(step)]
    assert np.mean(at_start) == pytest.approx(aligned + (1 - aligned) / 11, abs=0.05)


def test_where_all_rows_begin_with_a_document_the_ends_of_long_ones_are_read_too():
    order_ = order([1000], steps=2000, rows=4, every=37, aligned=1.0)
    targets = {at + i for step in range(2000) for _, at in order_.rows(step) for i in range(1, BLOCK + 1)}
    assert targets >= set(range(1, 1000 - BLOCK))


@pytest.mark.parametrize(
    "text", ["", "0", "0:1", "0:1,2,3", "0.1:1,1", "0:1,1 0:1,1", "0:0,0", "0:-1,2", "0:1,1 1:1,1", "x:1,1", "0:nan,1"]
)
def test_parse_mix_refuses(text):
    with pytest.raises(UsageError, match="--mix"):
        parse_mix(text, 2)


def test_phase_weights_change_at_their_fraction():
    mix = (Phase(0.0, (1.0, 0.0)), Phase(0.5, (0.0, 1.0)))
    assert [phase_weights(mix, step, 4) for step in range(4)] == [(1.0, 0.0)] * 2 + [(0.0, 1.0)] * 2


def test_derived_seeds_differ_by_every_part():
    seeds = {derived_seed(a, b, c) for a in range(5) for b in range(5) for c in range(5)}
    assert len(seeds) == 125 and all(0 <= seed < 2**63 for seed in seeds)
