"""The stories that were written for TinyLM: plain text, all different, and nobody else's."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tinylm.data.sources import open_source
from tinylm.data.stories import stories

SHARED_DATA = Path(os.environ.get("TINYLM_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
TINYSTORIES = [path for path in sorted(SHARED_DATA.glob("tinystories-*.txt")) if path.is_file()]
RUN = 16  # words: longer than the stock openings of the kind


@pytest.fixture(scope="module")
def written():
    return list(open_source("stories").documents())


@pytest.fixture(scope="module")
def runs(written):
    """How many stories have each run of words."""
    return Counter(run for story in written for run in runs_of_words(story))


def runs_of_words(story):
    words = re.findall(r"[a-z']+", story.lower())
    return {hash(tuple(words[i : i + RUN])) for i in range(len(words) - RUN + 1)}


def shared_with(runs, others):
    return [story for story in others if any(run in runs for run in runs_of_words(story))]


def test_they_are_plain_paragraphs_of_whole_sentences(written):
    assert len(written) == 9911
    for story in written:
        assert story.isascii() and 400 < len(story.strip()) < 2000, story[:80]
        paragraphs = story.strip().split("\n\n")
        assert len(paragraphs) > 1 and all(paragraph == paragraph.strip() for paragraph in paragraphs), story[:80]
        assert all("\n" not in paragraph and paragraph.count('"') % 2 == 0 for paragraph in paragraphs), story[:80]
        assert story.strip()[-1] in '.!?"', story[-80:]


def test_they_are_all_different(written, runs):
    assert max(Counter(written).values()) == 1
    assert max(runs.values()) <= 3


def test_they_share_no_run_of_words_with_stories_of_others(runs):
    """What the starter is measured on above all."""
    others = [story for path in TINYSTORIES for story in open_source(str(path)).documents()]
    assert shared_with(runs, [*others, *stories(300, seed=0)]) == []


def test_a_shared_run_of_words_is_found(written, runs):
    sentence = " ".join(written[7].split()[20:40])
    assert shared_with(runs, [f"Somebody else says: {sentence} and goes on."])
