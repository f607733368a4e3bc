"""The sample stories: the same everywhere, all different, and in correct English as far as a machine can check."""

import hashlib
import re
from collections import Counter

import pytest

from tinylm.cli import app, sample_data
from tinylm.data.stories import KINDS, MAX_CHARS, MIN_CHARS, grammar, stories, story
from tinylm.data.stories.engine import Draw, Grammar, Telling, rules_of
from tinylm.data.stories.people import BOYS, CREATURE_NAMES, GIRLS, PET_NAMES
from tinylm.errors import UsageError

# When a grammar changes on purpose, this changes too: models and tokenizers trained on `sample` are then new as well.
FIRST_200_SHA256 = "8311ac892ead4bafa1e7bb540d1e26e7ec1713224f88f5dc797c5a8ea3e25889"


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    return list(stories(20_000, 0))


@pytest.fixture(scope="module")
def sample(corpus) -> list[str]:
    """A part of the corpus, enough for checks that look at every character: each alternative occurs in it."""
    return corpus[:5_000]


def test_stories_first_200_are_pinned():
    text = "\0".join(stories(200, 0))
    assert hashlib.sha256(text.encode()).hexdigest() == FIRST_200_SHA256


def test_stories_same_seed_same_stories_and_another_seed_others():
    assert list(stories(30, 7)) == list(stories(50, 7))[:30]
    assert not set(stories(30, 7)) & set(stories(30, 8))


def test_story_depends_on_seed_and_index_alone(corpus):
    assert [story(0, index)[0] for index in (0, 5, 19_999)] == [corpus[0], corpus[5], corpus[19_999]]


def test_stories_never_repeat(corpus):
    assert len(set(corpus)) == len(corpus) == 20_000


def test_stories_negative_number_is_refused():
    with pytest.raises(UsageError, match="-1"):
        stories(-1, 0)


def test_draw_follows_the_published_recurrence():
    # SplitMix64 seeds, MMIX steps: written out again, independent of the class.
    mask = (1 << 64) - 1

    def mixed(x):
        x = (x + 0x9E3779B97F4A7C15) & mask
        x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
        x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
        return x ^ x >> 31

    state = mixed(mixed(3))
    draw = Draw(3)
    for n in (2, 10, 1000, 2**31):
        state = (state * 6364136223846793005 + 1442695040888963407) & mask
        assert draw.below(n) == (state >> 32) * n >> 32


def test_draw_is_even():
    draw = Draw(1, 2)
    counts = Counter(draw.below(7) for _ in range(70_000))
    assert all(9_500 < counts[value] < 10_500 for value in range(7))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("A [] b", "A b"),
        ("{x} and {^x}", "Cat and Cat"),
        ("[?yes: a cat|?no: a dog]", "A cat"),
        ("[?!yes: a cat|?!no: a dog]", "A dog"),
        ("a {y}, an {x}, a honest umbrella, an unicorn", "An owl, a cat, an honest umbrella, a unicorn"),
        ("one. // two", "One.\n\nTwo"),
        ('he said, "look!" he cried.', 'He said, "Look!" he cried.'),
        ('"Yes." "No."', '"Yes."\n\n"No."'),
        ("so [|] . // [] it was [] !", "So.\n\nIt was!"),
    ],
)
def test_grammar_template(template, expected):
    grammar = Grammar(f"start:\n    {template}\n")
    assert grammar.tell("start", {"x": "cat", "y": "owl", "?yes": ""}, Draw(0)) == expected


def test_grammar_uses_every_alternative_before_it_repeats_one():
    grammar = Grammar("start:\n    <n> <n> <n>\nn:\n    one\n    two\n    three\n")
    for seed in range(50):
        assert sorted(grammar.tell("start", {}, Draw(seed)).lower().split()) == ["one", "three", "two"]


def test_grammar_stray_line_is_refused():
    with pytest.raises(ValueError, match="not with 'Lost words'"):
        Grammar("start:\n    one\nLost words\n    two\n")


@pytest.mark.parametrize("template", ["[a|b", "a]", "{x", "<missing>"])
def test_grammar_malformed_template_is_refused(template):
    with pytest.raises(ValueError, match=re.escape(template.strip("<>"))):
        Grammar(f"start:\n    {template}\n")


def test_every_kind_occurs_about_equally(corpus):
    counts = Counter(Draw(0, index, 0).below(len(KINDS)) for index in range(len(corpus)))
    assert len(counts) == len(KINDS) >= 8
    assert min(counts.values()) > len(corpus) / len(KINDS) * 0.8


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[kind.name for kind in KINDS])
def test_every_alternative_of_a_kind_is_told_and_the_length_fits(kind):
    told, own = grammar(kind), {name: len(lines) for name, lines in rules_of(KINDS[kind].rules)}
    used = {name: set() for name in own}
    lengths = []
    for seed in range(600):
        draw = Draw(seed, 77)
        telling = Telling(KINDS[kind].cast(draw), draw)
        told.rules["story"].tell(telling)
        lengths.append(len("".join(telling.out)))
        for name in own:
            used[name] |= telling.used.get(name, set())
    assert {name: len(choices) for name, choices in used.items()} == own
    assert sum(MIN_CHARS <= length <= MAX_CHARS for length in lengths) > 0.9 * len(lengths)


def test_vocabulary_is_that_of_a_child(corpus):
    counts = Counter(word for text in corpus for word in re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower()))
    assert 1_000 <= len(counts) <= 2_000
    assert len([word for word, count in counts.items() if count < 5]) < 0.05 * len(counts)


def test_stories_have_paragraphs_of_plain_ascii(sample):
    for text in sample:
        assert MIN_CHARS <= len(text) <= MAX_CHARS
        assert 2 <= len(text.split("\n\n")) <= 6
        assert re.fullmatch(r"[A-Za-z ,.;:!?'\"\n-]+", text), text
        assert not re.search(r"  | [,.!?:;]|\n\n\n| \n|\n |^\s|\s$", text), text


def test_paragraphs_start_and_end_as_sentences_do(sample):
    for text in sample:
        for paragraph in text.split("\n\n"):
            assert re.match(r'"?[A-Z]', paragraph), text
            assert re.search(r'[.!?]"?$', paragraph), text
            assert paragraph.count('"') % 2 == 0, text


def test_sentences_start_with_a_capital(sample):
    for text in sample:
        assert not re.search(r"(?<!Mr)(?<!Mrs)[.!?] [a-z]", text), text
        assert not re.search(r'[,.] "[a-z]', text), text
        assert not re.search(r'\." [a-z]', text), text


def test_speech_ends_with_punctuation_inside_the_quotes(sample):
    for text in sample:
        for paragraph in text.split("\n\n"):
            for spoken in paragraph.split('"')[1::2]:
                assert spoken == "LOST" or re.search(r"[,.!?]$", spoken), text


def test_articles_fit_the_next_word(corpus):
    pairs = {pair for text in corpus for pair in re.findall(r"\b(an?) ([a-z]+)", text.lower())}
    with_an = {word for article, word in pairs if article == "an"}
    with_a = {word for article, word in pairs if article == "a"}
    assert not with_an & with_a
    assert {word for word in with_an if word[0] not in "aeiou"} <= {"hour", "honest"}
    assert {word for word in with_a if word[0] in "aeiou"} <= {"one", "once", "unicorn", "useful"}


def test_no_word_stands_twice(sample):
    for text in sample:
        doubled = re.findall(r"\b(\w+) \1\b", text)
        assert not doubled, text


def test_names_are_many_and_never_ambiguous():
    assert len(GIRLS) + len(BOYS) >= 40
    names = [*GIRLS, *BOYS, *PET_NAMES, *CREATURE_NAMES]
    assert len(set(names)) == len(names)


def test_pronouns_fit_the_only_child_of_a_story(corpus):
    """A girl who is the only named person of a story's first sentences is "she" there, and a boy "he"."""
    checked = 0
    for text in corpus:
        opening = re.match(r"[^\"]*?\b(girl|boy) (?:named|called|whose name was) ([A-Z][a-z]+)\. ([^.]*\.)", text)
        if opening and opening[2] in GIRLS + BOYS:
            checked += 1
            wrong = r"\b(he|him|his)\b" if opening[1] == "girl" else r"\b(she|her|hers)\b"
            assert (opening[2] in GIRLS) == (opening[1] == "girl"), text
            named = set(re.findall(r"[A-Z][a-z]+", opening[3])) & {*GIRLS, *BOYS, "Mom", "Dad", "Grandma", "Grandpa"}
            if named <= {opening[2]} and not re.search(r"Aunt|Uncle|baby|brother|sister", opening[3]):
                assert not re.search(wrong, opening[3].lower()), text
    assert checked > 1_000


def run(*arguments: str) -> int:
    """Return the exit code of `tinylm sample-data`."""
    with pytest.raises(SystemExit) as left:
        app.main(["sample-data", *arguments])
    return int(left.value.code or 0)


def test_sample_data_writes_stories_with_their_ends(tmp_path):
    out = tmp_path / "stories.txt"
    assert run("--stories", "12", "--seed", "5", "--out", str(out)) == 0
    told = out.read_bytes().decode("ascii").split("\n<|endoftext|>\n")
    assert told == [*stories(12, 5), ""]
    assert [path.name for path in tmp_path.iterdir()] == ["stories.txt"]


def test_sample_data_prints_to_standard_output(capsys):
    assert run("--stories", "2", "--out", "-") == 0
    assert capsys.readouterr().out == "".join(f"{text}\n<|endoftext|>\n" for text in stories(2, 0))


def test_sample_data_replaces_a_file_only_when_forced(tmp_path, capsys):
    out = tmp_path / "mine.txt"
    out.write_text("precious")
    assert run("--stories", "1", "--out", str(out)) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "precious"
    assert run("--stories", "1", "--out", str(out), "--force") == 0
    assert out.read_text().endswith("<|endoftext|>\n")


def test_sample_data_refuses_a_place_that_cannot_be_written(tmp_path, capsys):
    assert run("--out", str(tmp_path)) == 2
    assert run("--stories", "1", "--out", str(tmp_path / "missing" / "stories.txt")) == 5
    assert "missing" in capsys.readouterr().err


def test_sample_data_interrupted_leaves_the_old_file(tmp_path):
    out = tmp_path / "stories.txt"
    out.write_text("old")

    def texts():
        yield "new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_data.write_whole(out, texts())
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
