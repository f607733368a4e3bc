"""Our tokenizer training against Hugging Face's, and everything around it that has to hold when it is stopped."""

import itertools
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer
from tokenizers import models, pre_tokenizers, trainers

from tests.tinylm.test_splitting import GPT2_PATTERN
from tinylm.data.sources import open_source
from tinylm.errors import BadData, Cancelled, EnvironmentProblem, UsageError
from tinylm.tokenizer_training import (
    MergingProgress,
    counting,
    learning,
    order,
    pairs,
    processes,
    save_tokenizer,
    train_tokenizer,
)
from tinylm.tokenizer_training.report import HeldOut
from tinylm.tokens.tokenizer import Tokenizer

REPOSITORY = Path(__file__).parents[2]
SHARED_DATA = Path(os.environ.get("TINYLM_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))

# Words in nine scripts, so that characters of two, three and four bytes take part in merges. Split at spaces only.
WORDS = (
    "была лиса и жил медведь у реки αλεπού ήταν και το δάσος キツネ は 森 に いました 狐狸 住在 河边 여우 가 살았다 "
    "كان ثعلب في الغابة एक लोमड़ी थी जंगल में จิ้งจอก อยู่ ใน ป่า füchse größer naïve été 🦊 👨‍👩‍👧 🏳️‍🌈 e\u0301 n\u0303 "
    "1984 ٣٤ ② ½ — … « » ¿ 。 、 \u00a0 \u2003 \u2028"
)


def many_scripts() -> list[str]:
    rng = random.Random(7)
    weights = [1 / (rank + 1) for rank in range(len(WORDS.split(" ")))]
    texts = (rng.choices(WORDS.split(" "), weights, k=60) for _ in range(300))
    return ["".join(rng.choice(["", " ", " ", " ", "\n", "  "]) + word for word in words) for words in texts]


def code_like() -> list[str]:
    """Text where runs and mixtures of signs, digits and spaces decide the split."""
    rng = random.Random(8)
    pieces = [
        "def f(x):",
        "    return x",
        "\t\t",
        "======",
        "-----",
        "'s",
        "'ll",
        "don't",
        "I'M",
        "3.14159",
        "\r\n",
        "  ",
        "_",
    ]
    return ["".join(rng.choices(pieces, k=50)) for _ in range(200)]


def tiny_stories() -> list[str]:
    """The TinyStories training stories where they are at hand, else the project's own."""
    file = SHARED_DATA / "tinystories-train.txt"
    return list(open_source(str(file) if file.exists() else "sample:850").documents())


CORPORA = {
    "sample": lambda: list(open_source("sample:400").documents()),
    "many scripts": many_scripts,
    "code": code_like,
    "tiny stories": tiny_stories,
}


def hugging_face_model(documents: list[str], vocab_size: int) -> dict[str, object]:
    tokenizer = HuggingFaceTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return json.loads(tokenizer.to_str())["model"]


def our_model(documents: list[str], vocab_size: int) -> dict[str, object]:
    return json.loads(train_tokenizer(documents, vocab_size, workers=1).to_tokenizer().to_str())["model"]


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("vocab_size", [257, 300, 2000, 8192])
def test_merges_and_ids_are_those_of_hugging_face(corpus: str, vocab_size: int) -> None:
    documents = CORPORA[corpus]()
    assert our_model(documents, vocab_size) == hugging_face_model(documents, vocab_size)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(alphabet="ab- é1'\n", min_size=1, max_size=40), min_size=1, max_size=8),
    st.integers(257, 300),
    st.sampled_from([1, 2, 5, pairs._PIECE]),
    st.sampled_from([1, 2, 7, order._N_LISTED]),
)
def test_ties_are_broken_as_hugging_face_breaks_them(
    documents: list[str], vocab_size: int, piece: int, n_listed: int
) -> None:
    """In texts over few characters nearly every count is a tie; in whatever pieces the work is done."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_PIECE", piece)
        patch.setattr(order, "_N_LISTED", n_listed)
        assert our_model(documents, vocab_size) == hugging_face_model(documents, vocab_size)


def nothing(_: object) -> None:
    pass


def never() -> bool:
    return False


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a corpus of some kilobytes go to several processes in many batches."""
    monkeypatch.setattr(counting, "BATCH_CHARS", 500)
    monkeypatch.setattr(counting, "_CHARS_BEFORE_WORKERS", 1000)


@pytest.fixture
def shared_work(small_batches: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two of three batches wait for another process, however quick this one is."""
    calls = itertools.count()
    monkeypatch.setattr(processes, "_free_one", lambda free: free.get(timeout=60) if next(calls) % 3 else None)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_last_partial_batch_counts(shared_work: None, workers: int) -> None:
    """The last batch is shorter than the others and holds words that occur nowhere else; every one is counted."""
    documents = [*(f"the fox number {n} ran home" for n in range(500)), "zebra zebra quagga"]
    found = counting.count_corpus(documents, workers=workers, progress=nothing, should_stop=never)
    assert (found.counts["zebra"], found.counts[" zebra"], found.counts[" quagga"]) == (1, 1, 1)
    assert found.counts == Counter(piece for text in documents for piece in GPT2_PATTERN.findall(text))
    assert found.n_pretokens == found.counts.total()
    assert found.n_documents == 501
    assert found.n_bytes == sum(map(len, documents))


def test_the_last_batch_reaches_the_vocabulary(shared_work: None) -> None:
    documents = [*("a b c" for _ in range(500)), "zebra " * 5]
    vocabulary = train_tokenizer(documents, 300, workers=2).vocabulary
    assert b" zebra" in vocabulary


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("text", ["".join(many_scripts()), "x" * 5000, " " * 5000, "a\n\n" * 2000, "don't " * 1000])
def test_a_long_document_is_counted_as_if_in_one_piece(shared_work: None, text: str, workers: int) -> None:
    found = counting.count_corpus([text, text], workers=workers, progress=nothing, should_stop=never)
    assert found.counts == Counter(GPT2_PATTERN.findall(text) * 2)


def test_a_stream_is_not_held_in_memory() -> None:
    """Counting 40 MB takes less than 30 MB more than counting one."""
    program = (
        "import resource\nfrom tinylm.tokenizer_training import counting\n"
        "def peak(n):\n"
        "    documents = (f'a fox {i} and a bear\\n' * 2000 for i in range(n))\n"
        "    counting.count_corpus(documents, workers=1, progress=print, should_stop=lambda: False)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "print(peak(25), peak(1000))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = map(int, answer.stdout.splitlines()[-1].split())
    assert second - first < 30


def test_lone_surrogates_count_as_replacement_characters() -> None:
    assert our_model(["a \ud800 b \udfff"], 300) == our_model(["a \ufffd b \ufffd"], 300)


def most_work_between_looks(begin: Callable[[Callable[[], bool]], object]) -> tuple[int, int]:
    """Return how much happened at most between two polls of `should_stop`: function calls, and places gone through.

    This is counted instead of time, so that neither a busy machine nor a collection of garbage decides. Calls include C
    functions; places are what the functions of `pairs.py` are called with.
    """
    now, most = Counter[str](), Counter[str]()

    def count(frame: FrameType, event: str, argument: object) -> None:
        now["calls"] += event in ("call", "c_call")
        if event == "call" and frame.f_code.co_qualname.startswith("Pairs._") and "<" not in frame.f_code.co_name:
            now["places"] += sum(len(frame.f_locals.get(name, ())) for name in ("places", "lefts"))

    def poll() -> bool:
        most.update({name: max(0, n - most[name]) for name, n in now.items()})
        now.clear()
        return False

    sys.setprofile(count)
    try:
        begin(poll)
    finally:
        sys.setprofile(None)
    return most["calls"], most["places"]


def many_different_words() -> str:
    rng = random.Random(3)
    return " ".join("".join(rng.choices("etaoinshr", k=8)) for _ in range(60_000))


def test_a_stop_while_counting_is_noticed_soon() -> None:
    """One document of 0.5 MB with 60,000 different words: between two looks lies a small part of the work."""
    text = many_different_words()
    calls, _ = most_work_between_looks(
        lambda poll: counting.count_corpus([text], workers=1, progress=nothing, should_stop=poll)
    )
    assert 0 < calls < 200_000


@pytest.mark.parametrize("n_known", [0, 40])
def test_a_stop_while_merging_is_noticed_soon(n_known: int) -> None:
    """The same words have 540,000 symbols: that many are looked at in pieces, whether or not some merges are known."""
    counts = Counter(GPT2_PATTERN.findall(many_different_words()))
    learned = learning.learn_merges(counts, 297, on_merge=lambda *_: None, should_stop=never)[1]
    calls, n_places = most_work_between_looks(
        lambda poll: learning.learn_merges(
            counts, 340, on_merge=lambda *_: None, should_stop=poll, known=learned[:n_known]
        )
    )
    assert 0 < calls < 100_000
    assert pairs._PIECE <= n_places <= 3 * pairs._PIECE


@pytest.mark.parametrize("workers", [1, 2])
def test_stopping_while_counting_leaves_no_process(small_batches: None, workers: int) -> None:
    before = psutil.Process().children()
    seen = iter(range(10**9))

    def endless() -> Iterator[str]:
        while True:
            yield "the fox ran home again"

    with pytest.raises(Cancelled, match="stopped while counting"):
        train_tokenizer(endless(), 300, workers=workers, should_stop=lambda: next(seen) > 3000)
    assert psutil.Process().children() == before


def test_stopping_while_merging() -> None:
    merges: list[object] = []

    def note(progress: object) -> None:
        if isinstance(progress, MergingProgress):
            merges.append(progress)

    with pytest.raises(Cancelled, match="merging"):
        train_tokenizer(many_scripts(), 8192, progress=note, should_stop=lambda: len(merges) >= 20)
    assert len(merges) < 8192 - 257


def test_a_killed_counting_process_is_reported(small_batches: None) -> None:
    """A process that the system kills, as for want of memory, ends the work with advice and not with a hang."""

    def endless() -> Iterator[str]:
        while True:
            for child in psutil.Process().children():
                child.kill()
            yield "the fox ran home again"

    with pytest.raises(EnvironmentProblem, match="--workers 1"):
        train_tokenizer(endless(), 300, workers=2)
    assert not psutil.Process().children()


@pytest.mark.parametrize("vocab_size", [-1, 0, 256, 65_537])
def test_impossible_sizes_are_refused(vocab_size: int) -> None:
    with pytest.raises(UsageError, match="257"):
        train_tokenizer(["text"], vocab_size)


def test_no_text_is_refused() -> None:
    with pytest.raises(BadData, match="no text"):
        train_tokenizer([], 300)


def test_a_small_corpus_says_what_size_it_reached() -> None:
    trained = train_tokenizer(["abab abab"], 8192)
    assert trained.is_smaller_than_wanted
    assert len(trained.vocabulary) == 257 + len(trained.merges) == 260


def test_the_files_open_in_transformers_with_the_same_ids(tmp_path: Path) -> None:
    """What was trained, our reader, and `AutoTokenizer` give the same ids and take the text back out."""
    from transformers import AutoTokenizer

    documents = many_scripts()
    tokenizer = train_tokenizer(documents, 1000).to_tokenizer()
    save_tokenizer(tokenizer, tmp_path)
    ours, theirs = Tokenizer.load(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    assert (theirs.bos_token_id, theirs.eos_token_id, len(theirs)) == (0, 0, 1000)
    assert (ours.end_of_text_id, ours.vocab_size) == (0, 1000)
    for text in [*documents[:50], "", " ", "\r\n", "Hello soft world", "<|endoftext", "🧸"]:
        expected = tokenizer.encode(text).ids
        assert list(ours.encode(text)) == expected == theirs(text)["input_ids"]
        assert ours.decode(expected) == text == theirs.decode(expected)


def test_held_out_documents_are_not_trained_on_and_come_back_when_few() -> None:
    many = [f"story {n}" for n in range(3000)]
    kept = HeldOut()
    trained_on = list(kept.filter([*many, *many]))
    assert 20 < len(kept.documents) < 120
    assert not set(kept.documents) & set(trained_on)
    assert set(kept.documents) | set(trained_on) == set(many)
    few = HeldOut()
    assert sorted(few.filter(many[:100])) == sorted(many[:100])
    assert few.documents == []
