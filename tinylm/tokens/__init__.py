"""Text to tokens and back: the tokenizer, the byte alphabet, and where in the text each token lies."""
