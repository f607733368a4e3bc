"""With which words a training run's samples begin when nobody says."""

import numpy as np
import pytest

from tinylm.model.language_model import starter_model_directory
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.corpus import Stream
from tinylm.training.evaluation import usual_beginning

TOKENIZER = Tokenizer.load(starter_model_directory())


def stream_of(documents):
    ids = [np.array([TOKENIZER.end_of_text_id, *TOKENIZER.encode(text)], np.uint16) for text in documents]
    starts = np.cumsum([0, *map(len, ids[:-1])])
    return Stream("letters", np.concatenate([*ids, ids[0][:1]]), starts)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (["Dear Mother, we are well.", "Dear Sir, I write to ask.", "Dear Sir, I write of it."], "Dear Sir, I write"),
        (["One.\n\nTwo words", "x"], "One.\n\nTwo"),
        (["naïve 日本 ☃ 👩‍👩‍👧 and so on"], "naïve 日本 ☃"),  # the fourth is longer than what is looked at
        (["Unended"], ""),
        (["\ufffd cut inside a letter", "Once there was a hen."], "Once there was a"),
    ],
)
def test_samples_begin_as_most_held_out_documents_do(documents, expected):
    """In whole words: the last one in sight may go on."""
    apart = [stream_of(documents[:1]), *(stream_of([t]) for t in documents[1:])]
    assert usual_beginning((stream_of(documents),), TOKENIZER, 256) == expected
    assert usual_beginning(tuple(apart), TOKENIZER, 256) == expected
