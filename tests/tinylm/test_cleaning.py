import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylm.data.cleaning import clean_document, repair_mojibake
from tinylm.data.sources import open_source


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("â€œHello,â€ said Tim. Itâ€™s late.", "“Hello,” said Tim. It’s late."),
        ("â€œOne,â€ and â€œtwo.â€", "“One,” and “two.”"),
        ("red â€“ blue â€” green", "red – blue — green"),
        ("cafÃ© and naÃ¯ve", "café and naïve"),
        ("5Â° or 6Â°", "5° or 6°"),
        ("a smile ðŸ˜€!", "a smile 😀!"),
        ("Helloâ„¢", "Hello™"),
        ("plain text", "plain text"),
        ("“already right”", "“already right”"),
        ("", ""),
    ],
)
def test_wrongly_decoded_characters_come_back(broken: str, repaired: str) -> None:
    assert repair_mojibake(broken) == repaired


@pytest.mark.parametrize("broken", ["so â€ what", "â€œa,â€ bâ€", "a \ufffd b", "a \x81 b"])
def test_what_cannot_be_repaired_is_said_so(broken: str) -> None:
    """A remnant that no rule explains makes the whole document unusable, rather than half right."""
    assert repair_mojibake(broken) is None


@pytest.mark.parametrize(
    "text",
    ["ÂNGELA Ão", "« CAFÉ»", "São João", "Привет", "こんにちは", "naïve château", "🏳️‍🌈 é", "x² ≠ y³", "10 € et 5 ₤"],
)
def test_real_languages_are_left_alone(text: str) -> None:
    assert repair_mojibake(text) == text


def test_text_that_went_wrong_twice_comes_back() -> None:
    once = "it’s".encode().decode("cp1252")
    assert repair_mojibake(once.encode().decode("cp1252")) == "it’s"


@given(st.lists(st.sampled_from(["“Hi,” she said.", "It’s", "– so", "über", "café", "ok", "😀", "\n\n"])))
def test_repair_inverts_the_damage(parts: list[str]) -> None:
    """Decoding UTF-8 as Windows-1252, its five undefined bytes dropped, is undone."""
    text = " ".join(parts)
    broken = text.encode().decode("cp1252", "ignore")
    assert repair_mojibake(broken) == text


def test_cleaning_straightens_quotes() -> None:
    assert clean_document("â€œItâ€™s late,â€ said “Tim”.") == '"It\'s late," said "Tim".'


def test_cleaned_source_counts_what_it_did(tmp_path) -> None:
    """Repaired and dropped documents are counted, and the fingerprint differs from the uncleaned one."""
    file = tmp_path / "stories.txt"
    file.write_text("Itâ€™s\n<|endoftext|>\nso â€ what\n<|endoftext|>\nfine\n", encoding="utf-8")
    source = open_source(str(file), clean=True)
    assert list(source.documents()) == ["It's", "fine"]
    assert source.notes() == [f"{file}: 1 documents repaired, 1 dropped (wrongly decoded quotes)"]
    assert source.fingerprint() != open_source(str(file)).fingerprint()
