"""Says before a run that it will learn its text by heart, which a person sees only at the end otherwise.

Reading the same text again is nearly as good as new text about four times and worth next to nothing after sixteen
(Muennighoff et al., "Scaling Data-Constrained Language Models", 2023, arXiv 2305.16264). What a model can keep of it
grows with its parameters: one that has as many as the text has tokens repeats the text instead of writing in its
manner.
"""

__all__ = ["is_memorized", "remedies", "warning"]

_TOO_OFTEN = 16
_TOO_SMALL = 2  # tokens for each parameter; a corpus with more is too large to be kept however often it is read


def is_memorized(tokens_read: int, tokens_in_corpus: int, parameters: int) -> bool:
    """Return whether a model of so many parameters will know a corpus by heart when a run has read so many tokens."""
    is_small = tokens_in_corpus < _TOO_SMALL * parameters
    return is_small and tokens_read > _TOO_OFTEN * tokens_in_corpus


def remedies(*, goes_on: bool) -> str:
    """Say what helps against it.

    Args:
        goes_on: whether the run goes on from a model already.
    """
    return f"more text or fewer steps help{'' if goes_on else ', and so does --init-from starter'}"


def warning(tokens_read: int, tokens_in_corpus: int, parameters: int, *, goes_on: bool = False) -> str | None:
    """Return a line on a corpus that will be learned by heart, with what helps behind a semicolon; None for others."""
    if not is_memorized(tokens_read, tokens_in_corpus, parameters):
        return None
    passes = tokens_read / max(1, tokens_in_corpus)
    told = f"{tokens_in_corpus:,} tokens, read {passes:,.0f} times, will be learned by heart"
    return f"{told}; {remedies(goes_on=goes_on)}"
