"""Says before a run that it will learn its text by heart, which a person sees only at the end otherwise.

Reading the same text again is nearly as good as new text about four times and worth next to nothing after sixteen
(Muennighoff et al., "Scaling Data-Constrained Language Models", 2023, arXiv 2305.16264). What a model can keep of it
grows with its parameters: one that has as many as the text has tokens repeats the text instead of writing in its
manner.
"""

__all__ = ["STARTER", "warning"]

STARTER = "models/starter"
_TOO_OFTEN = 16
_TOO_SMALL = 2  # tokens for each parameter; a corpus with more is too large to be kept however often it is read


def warning(tokens_read: int, tokens_in_corpus: int, parameters: int) -> str | None:
    """Return a line on a corpus that is read so often that it will be learned by heart; None for others.

    Args:
        tokens_read: by the whole run.
        parameters: of the model.
    """
    passes = tokens_read / max(1, tokens_in_corpus)
    if passes <= _TOO_OFTEN or tokens_in_corpus >= _TOO_SMALL * parameters:
        return None
    return (
        f"{tokens_in_corpus:,} tokens, read {passes:,.0f} times, will be learned by heart; "
        f"more text or fewer steps help, and so does going on from a model: --init-from {STARTER}"
    )
