"""What differs: a text and the same text with a piece swapped, two tokenizers, two models. Pure functions of arrays."""
