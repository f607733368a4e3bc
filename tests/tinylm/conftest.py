"""Fixtures that several tests of training share."""

import pytest

from tests.tinylm.training_runs import make_config, outcome
from tinylm.data.stories import stories


@pytest.fixture(scope="session")
def story_corpus(tmp_path_factory):
    """Sixty stories in one text file."""
    path = tmp_path_factory.mktemp("corpus") / "stories.txt"
    path.write_text("\n<|endoftext|>\n".join(stories(60, seed=0)), encoding="utf-8")
    return path


@pytest.fixture
def config(story_corpus, tokenizer_directory, tmp_path):
    """A run that has not begun."""
    return make_config(story_corpus, tokenizer_directory, tmp_path / "run")


@pytest.fixture(scope="session")
def finished_run(story_corpus, tokenizer_directory, tmp_path_factory):
    """The directory of a run that nothing interrupted. Not to be written to."""
    from tinylm.training import loop

    config = make_config(story_corpus, tokenizer_directory, tmp_path_factory.mktemp("reference") / "run")
    loop.train(config)
    return config


@pytest.fixture(scope="session")
def reference(finished_run):
    """The outcome of the run that nothing interrupted."""
    return outcome(finished_run.out)
