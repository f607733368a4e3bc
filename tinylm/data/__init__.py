"""Corpora: where training text comes from, and how it is cleaned. Nothing here knows of tokens or models."""
