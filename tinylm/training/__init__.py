"""Training of the language model: the only part of TinyLM that needs torch and transformers.

The library entry is `tinylm.training.loop.train`; importing this package alone loads nothing heavy.
"""
