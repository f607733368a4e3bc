"""What one run encoded another need not: links to the same files, checked, and forgotten when nobody has them."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import make_stories
from tests.tinylm.training_runs import Child, call_cli, options
from tinylm.files import MANIFEST_NAME
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training import corpus as corpus_module
from tinylm.training.corpus import prepare_corpus
from tinylm.training.encoded_cache import EncodedCache
from tinylm.training.encoding import begun


@pytest.fixture
def runs(config, tokenizer_directory, tmp_path, monkeypatch):
    """A function that prepares the corpus of a run of its own, and the names of the sources that were encoded."""
    data = tmp_path / "text.txt"
    data.write_text("\n<|endoftext|>\n".join(make_stories(40)))
    tokenizer = Tokenizer.load(tokenizer_directory)
    encoded = []
    original = corpus_module.encode_documents

    def encode(*arguments, details, **rest):
        encoded.append(details["source"])
        original(*arguments, details=details, **rest)

    monkeypatch.setattr(corpus_module, "encode_documents", encode)

    def prepare(name, cache, text=None):
        if text is not None:
            data.write_text(text)
        return prepare_corpus(replace(config, data=(str(data),)), tokenizer, tmp_path / name, cache=cache)

    return prepare, encoded


def files_of(run):
    return sorted(path for path in run.rglob("*") if path.is_file())


def test_the_second_run_takes_what_the_first_encoded(runs, tmp_path):
    prepare, encoded = runs
    cache = EncodedCache(tmp_path / "cache")
    first, second = prepare("first", cache), prepare("second", cache)
    assert encoded == [first.training[0].name]
    assert np.array_equal(first.training[0].tokens, second.training[0].tokens)
    assert np.array_equal(first.validation[0].tokens, second.validation[0].tokens)
    inodes = [[file.stat().st_ino for file in files_of(tmp_path / name)] for name in ("first", "second")]
    assert inodes[0] == inodes[1]


def test_a_deleted_run_takes_nothing_from_another(runs, tmp_path):
    prepare, encoded = runs
    cache = EncodedCache(tmp_path / "cache")
    tokens = np.array(prepare("first", cache).training[0].tokens)
    shutil.rmtree(tmp_path / "first")
    assert np.array_equal(prepare("second", cache).training[0].tokens, tokens)
    assert len(encoded) == 1


def test_what_was_begun_goes_when_another_run_was_quicker(runs, tmp_path):
    prepare, encoded = runs
    cache = EncodedCache(tmp_path / "cache")
    tokens = np.array(prepare("first", cache).training[0].tokens)
    place = next((tmp_path / "first").iterdir())
    (tmp_path / "second").mkdir()
    begun(tmp_path / "second" / place.name).mkdir()
    assert np.array_equal(prepare("second", cache).training[0].tokens, tokens)
    assert [path.name for path in (tmp_path / "second").iterdir()] == [place.name]
    assert len(encoded) == 1


def test_another_text_is_another_entry(runs, tmp_path):
    prepare, encoded = runs
    cache = EncodedCache(tmp_path / "cache")
    prepare("first", cache)
    prepare("second", cache, "\n<|endoftext|>\n".join(make_stories(40, seed=1)))
    assert len(encoded) == 2
    assert len([entry for entry in cache.root.iterdir() if entry.is_dir()]) == 2


@pytest.mark.parametrize("name", ["train.tokens", MANIFEST_NAME])
def test_a_damaged_entry_is_encoded_again(runs, tmp_path, name):
    prepare, encoded = runs
    cache = EncodedCache(tmp_path / "cache")
    tokens = np.array(prepare("first", cache).training[0].tokens)
    shutil.rmtree(tmp_path / "first")
    entry = next(path for path in cache.root.iterdir() if path.is_dir())
    content = bytearray((entry / name).read_bytes())
    content[len(content) // 2] ^= 1
    (entry / name).write_bytes(content)
    assert np.array_equal(prepare("second", cache).training[0].tokens, tokens)
    assert len(encoded) == 2
    assert np.array_equal(prepare("third", cache).training[0].tokens, tokens)
    assert len(encoded) == 2


def test_what_no_run_has_any_more_is_forgotten_the_longest_unused_first(runs, tmp_path):
    prepare, _ = runs
    texts = ["\n<|endoftext|>\n".join(make_stories(40, seed=seed)) for seed in range(4)]
    cache = EncodedCache(tmp_path / "cache")
    for number, text in enumerate(texts[:3]):
        prepare(f"run{number}", cache, text)
    entries = {next((tmp_path / f"run{number}").iterdir()).name: number for number in range(3)}
    for name, number in entries.items():
        os.utime(cache.root / name, (100 - number, 100 - number))
    sizes = {name: sum(file.stat().st_size for file in (cache.root / name).iterdir()) for name in entries}
    for number in (1, 2):
        shutil.rmtree(tmp_path / f"run{number}")
    longest_unused = next(name for name, number in entries.items() if number == 2)
    small = EncodedCache(cache.root, most_unused=sum(sizes.values()) - sizes[longest_unused])
    prepare("run3", small, texts[3])
    left = {path.name for path in cache.root.iterdir() if path.is_dir()}
    assert set(entries) - left == {longest_unused}
    assert len(left) == 3


def test_where_nothing_can_be_shared_every_run_encodes_for_itself(runs, tmp_path, monkeypatch):
    prepare, encoded = runs
    (tmp_path / "file").write_text("in the way")
    first = prepare("first", EncodedCache(tmp_path / "file" / "cache"))

    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    second = prepare("second", EncodedCache(tmp_path / "cache"))
    assert np.array_equal(first.training[0].tokens, second.training[0].tokens)
    assert len(encoded) == 2
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_the_command_shares_among_the_users_caches(config, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.delenv("TINYLM_SHARE")
    runs = [replace(config, steps=1, out=str(tmp_path / name)) for name in ("one", "two")]
    for run in runs:
        with Child(call_cli("train", *options(run))) as child:
            code, text = child.finish()
        assert code == 0, text
    first, second = ([file.stat().st_ino for file in files_of(tmp_path / name / "data")] for name in ("one", "two"))
    assert first == second
    assert [path.name for path in (tmp_path / "caches" / "tinylm" / "encoded").iterdir() if path.is_dir()]
