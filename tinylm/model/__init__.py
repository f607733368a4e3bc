"""The language model as it is served: a NumPy GPT-2, scoring, sampling, generation and completion. No torch."""
