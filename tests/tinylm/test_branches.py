"""A tree of continuations read together gives the logits of each continuation read alone."""

import numpy as np
import pytest

from tests.tinylm.test_engine import random_ids
from tinylm.model.branches import Branches
from tinylm.model.engine import Engine


@pytest.mark.parametrize("shape", ["model_directory", "odd_model_directory"])
def test_every_branch_has_the_logits_of_its_own_text(request, shape):
    """Random trees, up to the last place of the context, with the text's cache left as it is."""
    engine = Engine.load(request.getfixturevalue(shape))
    rng = np.random.default_rng(0)
    for n_stem in (1, 30, engine.config.block_size - 4):
        stem = random_ids(n_stem, seed=n_stem)
        cache = engine.new_cache()
        engine.extend(cache, stem)
        branches, paths = Branches(engine, cache, max_rows=8, max_nodes=128), {-1: []}
        for n_rows in (3, 1, 8, 5):
            able = [number for number, path in paths.items() if branches.fits(len(path) + 1)]
            parents = rng.choice(able, n_rows).tolist()
            ids = rng.integers(0, 400, n_rows).tolist()
            first = branches.n_nodes
            logits = branches.read(ids, parents)
            for row, (token_id, parent) in enumerate(zip(ids, parents, strict=True)):
                paths[first + row] = [*paths[parent], token_id]
                alone = engine.logits(np.array([*stem, *paths[first + row]], np.int32))[-1]
                assert np.abs(logits[row] - alone).max() < 1e-4
        assert max(len(path) for path in paths.values()) > 1
        assert cache.length == n_stem
        assert (
            np.abs(engine.extend(cache, random_ids(1))[0] - engine.logits(np.append(stem, random_ids(1)))[-1]).max()
            < 1e-4
        )


def test_what_does_not_fit_is_refused(model_directory):
    engine = Engine.load(model_directory)
    cache = engine.new_cache()
    engine.extend(cache, random_ids(63))
    branches = Branches(engine, cache, max_rows=8, max_nodes=2)
    assert branches.fits(1) and not branches.fits(2)
    branches.read([5], [-1])
    with pytest.raises(ValueError, match="no room for 1 tokens more, 2 behind a text of 63"):
        branches.read([5], [0])
    with pytest.raises(ValueError, match="no room for 2 tokens more"):
        branches.read([5, 6], [-1, -1])
