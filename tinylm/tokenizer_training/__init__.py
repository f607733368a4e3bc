"""Train a byte-level BPE tokenizer, watchable and interruptible, and write it in Hugging Face's format."""

from tinylm.tokenizer_training.saving import save_tokenizer
from tinylm.tokenizer_training.training import MergingProgress, TrainedTokenizer, train_tokenizer

__all__ = ["MergingProgress", "TrainedTokenizer", "save_tokenizer", "train_tokenizer"]
