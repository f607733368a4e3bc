"""What a token that ends inside a character most likely becomes."""

import numpy as np
import pytest

from tinylm.analysis.characters import ends_inside_character, likely_character
from tinylm.errors import Cancelled
from tinylm.model.engine import no_check
from tinylm.model.language_model import LanguageModel


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        *[(data, False) for data in (b"a", b"", b"\xc3\xa9", b"\x80", b"\x80\xf0", b"\xff", b"\xed\xa0", b"\xc0")],
        *[(data, True) for data in (b"\xf0", b" \xe2\x80", b"\xc3\xa9\xc3", b"\xed")],
    ],
)
def test_only_a_beginning_of_a_character_leads_to_one(data, expected):
    assert ends_inside_character(data) == expected


@pytest.mark.parametrize("lead", [b"\xc3", b"\xe2", b"\xe6", b"\xf0", b"\xed", b"\xf4"])
def test_the_character_is_the_greedy_completion_of_the_bytes(model, lead):
    """Against the slow way: the whole text read anew at each step, every token of the vocabulary tried."""
    context = model.tokenizer.encode("The bird said ")
    token_id = int(model.vocabulary.starting_with(lead)[0])
    ids, data = [0, *context.tolist(), token_id], lead
    while True:
        logits = model.engine.logits(np.array(ids, np.int32))[-1]
        allowed = [other for other in range(1, 400) if _is_beginning(data + model.tokenizer.token_bytes(other))]
        ids.append(max(allowed, key=lambda other: logits[other]))
        data += model.tokenizer.token_bytes(ids[-1])
        if data.decode("utf-8", errors="ignore"):
            break
    expected = data.decode("utf-8", errors="ignore")[0]
    assert likely_character(model.new_decoder(), model.vocabulary, context, token_id, no_check) == expected


def _is_beginning(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


@pytest.mark.parametrize("char", ["é", "字", "😀"])
def test_behind_the_first_bytes_of_a_character_a_token_goes_on_with_it(model, char):
    """The token that ends it names it whatever the model says; one that goes on leads to the greedy completion."""
    context = model.tokenizer.encode("The bird said ")
    data = char.encode()
    single = [int(model.vocabulary.starting_with(data[at : at + 1])[0]) for at in range(len(data))]
    assert [model.tokenizer.token_bytes(each) for each in single] == [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data)):
        before = np.concatenate([context, np.array(single[:at], np.int32)])
        found = likely_character(model.new_decoder(), model.vocabulary, before, single[at], no_check, pending=data[:at])
        assert found is not None and found.encode()[: at + 1] == data[: at + 1]
        if at == len(data) - 1:
            assert found == char
    letter = int(model.tokenizer.encode("a")[0])
    assert likely_character(model.new_decoder(), model.vocabulary, context, letter, no_check, pending=data[:1]) is None


def test_whole_tokens_lead_nowhere_and_the_work_can_be_stopped(model):
    context = model.tokenizer.encode("The bird")
    letter = int(model.tokenizer.encode("a")[0])
    assert likely_character(model.new_decoder(), model.vocabulary, context, letter, no_check) is None

    def stop() -> None:
        raise Cancelled("nobody waits")

    lead = int(model.vocabulary.starting_with(b"\xf0")[0])
    with pytest.raises(Cancelled):
        likely_character(model.new_decoder(), model.vocabulary, context, lead, stop)
