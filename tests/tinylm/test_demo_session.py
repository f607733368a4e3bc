"""The demo's state machine on a stub whose logits can be computed in the head."""

import math

import numpy as np
import pytest

from tinylm.demo.cells import Cell, cells_from_bytes, printable
from tinylm.errors import UsageError
from tinylm.model.language_model import LanguageModel
from tinylm.model.sampling import SamplingConfig
from tinylm.session.outlook import look_ahead
from tinylm.session.session import Session

END = 0
WORDS = ["<|endoftext|>", "a", "b", "c", "d"]


class Letters:
    """Five tokens: `<|endoftext|>` and the letters a to d."""

    end_of_text_id = END

    def encode(self, text):
        return np.array([WORDS.index(character) for character in text], dtype=np.int32)

    def token_bytes(self, token_id):
        return b"" if token_id == END else WORDS[token_id].encode()

    def raw(self, token_id):
        return WORDS[token_id]

    def visible(self, token_id):
        return WORDS[token_id]


class Following:
    """Says that the next letter of the alphabet has half the probability, the one after that a quarter, and so on."""

    def __init__(self):
        self.calls = []
        self.context_tokens = 0

    def read(self, ids):
        self.calls.append(list(ids))
        self.context_tokens = len(ids) + 1
        last = ids[-1] if ids else END
        order = [(last + 1 + offset) % 5 for offset in range(5)]
        logits = np.zeros(5, dtype=np.float32)
        logits[order] = np.log([0.5, 0.25, 0.125, 0.0625, 0.0625])
        return logits


def session(prompt="a", max_tokens=20, **sampling):
    settings = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 1, **sampling}
    model = Following()
    return Session(Letters(), model, prompt=prompt, sampling=SamplingConfig(**settings), max_tokens=max_tokens), model


def test_greedy_takes_the_most_likely_and_says_so():
    demo, _ = session(temperature=0.0)
    token = demo.step()
    assert (demo.text, token.how, token.draw, token.rank) == ("ab", "greedy", None, 1)
    assert token.logprob == pytest.approx(math.log(0.5), abs=1e-6)
    assert token.sampled_logprob == 0.0
    assert token.entropy_bits == pytest.approx(0.5 + 0.5 + 0.375 + 0.25 + 0.25, abs=1e-6)
    assert token.context_tokens == 2  # <|endoftext|> and the prompt's a


def test_the_draw_decides_on_the_cumulative_bar():
    demo, _ = session(prompt="")
    outlook = demo.outlook()
    assert [outlook.chosen_by(draw) for draw in (0.0, 0.49, 0.51, 0.74, 0.76, 0.95, 0.9999)] == [0, 0, 1, 1, 2, 4, 4]
    draw = demo.draw()
    expected = int(outlook.ids[outlook.chosen_by(draw)])
    assert demo.step().token_id == expected
    assert demo.chosen(0).draw == draw


def test_stepping_again_after_going_back_repeats_the_choice():
    demo, model = session()
    for _ in range(6):
        demo.step()
    before, calls = demo.ids, len(model.calls)
    while demo.back():
        pass
    assert demo.text == "a"
    for _ in range(6):
        demo.step()
    assert demo.ids == before
    assert len(model.calls) == calls  # every logit was already there


def test_settings_take_effect_on_cached_logits():
    demo, model = session()
    demo.outlook()
    calls = len(model.calls)
    demo.set(top_k=2)
    outlook = demo.outlook()
    assert outlook.n_survivors == 2
    assert outlook.cut_counts() == {"top-k": 3}
    assert outlook.probability[:2] == pytest.approx([2 / 3, 1 / 3], abs=1e-6)
    demo.set(top_k=0, top_p=0.6)
    assert demo.outlook().cut_counts() == {"top-p": 3}
    assert len(model.calls) == calls


def test_a_bad_setting_is_refused_and_changes_nothing():
    demo, _ = session()
    before = demo.sampling
    with pytest.raises(UsageError):
        demo.set(top_p=7.0)
    assert demo.sampling == before


def test_pick_by_rank_is_marked_and_may_take_what_the_filters_cut():
    demo, _ = session(top_k=1)
    token = demo.pick(3)
    assert (demo.text, token.how, token.rank, token.sampled_logprob, token.draw) == ("ad", "by hand", 3, None, None)
    assert demo.pick(6) is None
    assert demo.text == "ad"


def test_picking_inside_the_path_branches_there():
    demo, _ = session(temperature=0.0)
    for _ in range(3):
        demo.step()
    assert demo.text == "abcd"
    demo.pick(2, index=2)
    assert demo.text == "abd"
    assert demo.branches(2) == [WORDS.index("c"), WORDS.index("d")]
    assert demo.turn(2)
    assert demo.text == "abcd"  # the old road, as far as it went
    assert demo.turn(2)
    assert demo.text == "abd"
    assert demo.pick(1, index=0) is None  # the prompt is not up for choice


def test_turning_needs_another_branch():
    demo, _ = session()
    assert not demo.turn(1)
    demo.step()
    assert not demo.turn(1)
    assert not demo.turn(0)


def test_numbers_of_an_old_token_keep_the_settings_it_was_drawn_with():
    demo, _ = session(temperature=0.5)
    demo.step()
    before = demo.chosen(1)
    demo.set(temperature=2.0)
    assert demo.chosen(1) == before


def test_the_prompt_has_numbers_too():
    demo, _ = session(prompt="ab")
    assert demo.chosen(1).how == "prompt"
    assert demo.chosen(1).logprob == pytest.approx(math.log(0.5), abs=1e-6)
    assert demo.chosen(0).context_tokens == 1
    assert demo.chosen(1).sampled_logprob is None


def test_end_of_text_and_the_maximum_end_the_text():
    demo, _ = session(prompt="d", temperature=0.0)
    assert demo.step().token_id == END
    assert demo.ended == "the model ended the text"
    assert demo.step() is None
    assert demo.pick(1) is None
    assert demo.text == "d"
    assert demo.back()
    assert demo.ended is None
    short, _ = session(max_tokens=2, prompt="a", temperature=0.0)
    assert [short.step() is None for _ in range(3)] == [False, False, True]
    assert "2 tokens" in short.ended
    with pytest.raises(UsageError, match="max-tokens is 0"):
        session(max_tokens=0)


def test_restart_forgets_and_another_seed_draws_anew():
    demo, _ = session(prompt="")
    draws = []
    for _ in range(4):
        draws.append(demo.draw())
        demo.step()
    demo.restart()
    assert demo.ids == []
    assert demo.branches(0) == []
    demo.reseed(2)
    assert demo.draw() != draws[0]
    demo.reseed(1)
    assert demo.draw() == draws[0]
    demo.reseed()
    assert demo.seed not in (1, 2)


def test_another_prompt_begins_anew():
    demo, _ = session()
    demo.step()
    demo.set_prompt("cc")
    assert (demo.text, demo.n_prompt, demo.n_generated) == ("cc", 2, 0)


def test_a_lone_surrogate_in_the_prompt_counts_as_a_replacement_character(model_directory):
    model = LanguageModel.load(model_directory)
    demo = Session(model.tokenizer, model.decoder, prompt="a\udcff", sampling=SamplingConfig(seed=1))
    assert demo.prompt == demo.text == "a\ufffd"


def test_cells_join_tokens_that_share_a_character():
    assert cells_from_bytes([b"a", b"\xf0\x9f", b"\x98\x80", b" b"]) == [
        Cell("a", 0, 1),
        Cell("😀", 1, 2),
        Cell(" b", 3, 1),
    ]
    assert cells_from_bytes([b"a", b"\xf0\x9f"]) == [Cell("a", 0, 1), Cell("\ufffd", 1, 1)]
    assert cells_from_bytes([b"\xff", b"x"]) == [Cell("\ufffd", 0, 1), Cell("x", 1, 1)]
    assert cells_from_bytes([b"", b""]) == [Cell("", 0, 1), Cell("", 1, 1)]
    assert cells_from_bytes([]) == []


def test_printable_shows_what_would_move_other_text():
    assert printable("a\tb\nc\x1b[31m\u202ed\u2028") == "a b\nc⟨U+001B⟩[31m⟨U+202E⟩d⟨U+2028⟩"


def test_hopeless_candidates_do_not_disturb():
    outlook = look_ahead(np.array([0.0, -3000.0, -2000.0], dtype=np.float32), SamplingConfig())
    assert outlook.entropy_bits == pytest.approx(0.0, abs=1e-6)
    assert outlook.chosen_by(0.999999) == 0
    assert outlook.sampled_logprob(outlook.place(2)) == pytest.approx(-2000.0)


def test_filters_are_named_in_their_order():
    logits = np.log(np.array([0.5, 0.25, 0.125, 0.0625, 0.0625], dtype=np.float32))
    outlook = look_ahead(logits, SamplingConfig(top_k=3, top_p=0.7))
    assert outlook.cut_counts() == {"top-k": 2, "top-p": 1}
    assert [outlook.cut_name(row) for row in range(5)] == ["", "", "top-p", "top-k", "top-k"]
