"""The GPT-2 forward pass in NumPy, with a key-value cache.

Token ids in, hidden states and logits out, float32 throughout. It knows no text, no probabilities and no windows. The
architecture is that of Radford et al. 2019 (pre-norm blocks, learned positions, tied head, gelu_new), on weights that
`folding` has rewritten; a test holds every log probability within 1e-4 of transformers' GPT2LMHeadModel.

One engine serves one thread at a time: it keeps scratch arrays. How many threads the matrix products take is decided
before NumPy is imported, by OPENBLAS_NUM_THREADS.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinylm.errors import BadData, EnvironmentProblem
from tinylm.model.arithmetic import Scratch, gelu, last_norm, norm_scales
from tinylm.model.config import ModelConfig, load_config
from tinylm.model.folding import FoldedLayer, FoldedWeights, fold
from tinylm.model.kv_cache import KVCache
from tinylm.model.weights import load_tensors

__all__ = ["Engine", "KVCache", "no_check"]

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]

# Rows of a matrix product. Measured on one core of an AMD EPYC, D = 160: 64 rows reach 86 GFLOP/s, 128 rows 87, 32
# rows 74, 16 rows 60; scoring a file takes 0.93 of the time with 128 rows that it takes with 64, and 0.98 with 256.
BLOCK_ROWS = 128
# Rows of the head, whose columns come in panels (see `folding`): 32 rows reach 72 GFLOP/s, 64 rows 75.
HEAD_ROWS = 32

_MAX_DIFFERENCE = 1e-3  # between logits of the compiled step and NumPy's; 1e-5 is what is seen


def no_check() -> None:
    """Let the work go on: the default for every `check`."""


class Engine:
    """A GPT-2 ready to run.

    Attributes:
        config: its shape.
        id: the first 12 hex digits of the SHA-256 of model.safetensors.
        n_params: the number of weights, the tied head counted once.
        block_rows: how many tokens one matrix product reads at most.
        weights: in the form that runs.
    """

    def __init__(self, config: ModelConfig, weights: FoldedWeights, identity: str) -> None:
        self.config = config
        self.id = identity
        self.n_params = config.n_params
        self.block_rows = min(BLOCK_ROWS, config.block_size)
        self.weights = weights
        self._compiled_step: Callable[[KVCache, int], Floats] | None = None
        self._decode_scratch = Scratch(config, 1)
        self._block_scratch = Scratch(config, self.block_rows)

    @classmethod
    def load(cls, directory: Path, config: ModelConfig | None = None) -> "Engine":
        """Load config.json and model.safetensors from a model directory in the Hugging Face layout.

        Args:
            config: the shape, for weights that lie without a config.json of their own.

        Raises:
            BadData: a file is missing, damaged, or no plain GPT-2; pickles are refused.
            DiskProblem: a file may not be read.
        """
        config = config or load_config(directory)
        tensors = load_tensors(directory, config)
        with np.errstate(over="ignore", invalid="ignore"):
            engine = cls(config, fold(tensors, config), tensors.id)
            first = engine.logits(np.zeros(1, dtype=np.int32))
        if not np.isfinite(first).all():  # finite weights can still be absurdly large
            raise BadData(f"{directory / 'model.safetensors'}: computes no finite numbers; train the model again")
        return engine

    def new_cache(self) -> KVCache:
        """Return an empty cache for one sequence."""
        return KVCache(self.config)

    def logits(self, ids: Ids, check: Callable[[], None] = no_check) -> Floats:
        """Return the logits after each of `ids`, (T,), read from an empty context: (T, V) float32."""
        return self.extend(self.new_cache(), ids, check)

    def extend(self, cache: KVCache, ids: Ids, check: Callable[[], None] = no_check) -> Floats:
        """Read more tokens and return the logits after each one.

        Args:
            cache: what was read before; it grows by T tokens. After an exception it holds what was read until then.
            ids: (T,) token ids, at least one; together with the cache at most `block_size`.
            check: called before each block of rows; raises to stop.

        Returns:
            (T, V) float32. Row t predicts the token after `ids[t]`.
        """
        return self.head(self.hidden(cache, ids, check))

    def next_logits(self, cache: KVCache, token_id: int) -> Floats:
        """Read one token more and return the logits after it, (V,) float32: a step of decoding.

        By machine code once `compile_step` was called, else as `extend` does. Scores never come from here, so that
        they have the same bits either way.
        """
        if cache.length >= self.config.block_size:
            raise ValueError(f"1 tokens after {cache.length} do not fit a context of {self.config.block_size}")
        if self._compiled_step is not None:
            return self._compiled_step(cache, token_id)
        with np.errstate(over="ignore"):
            logits: Floats = self.head(self._decode(cache, np.int32(token_id))[None])[0]
        return logits

    @property
    def is_compiled(self) -> bool:
        """Whether machine code takes the steps of decoding."""
        return self._compiled_step is not None

    def compile_step(self) -> None:
        """Let machine code take the steps of decoding from now on: 0.6 s to load, 4 s more to compile the first time.

        Raises:
            EnvironmentProblem: there is no Numba, or what it makes computes other numbers than NumPy.
        """
        try:
            from tinylm.model.compiled_step import CompiledStep
        except ImportError as error:
            raise EnvironmentProblem(f'no Numba ({error}); to write faster: pip install "tinylm[fast]"') from error
        step = CompiledStep(self.config, self.weights)
        ours, reference = self.new_cache(), self.new_cache()
        for token_id in (0, self.config.vocab_size - 1):
            difference = np.abs(step(ours, token_id) - self.next_logits(reference, token_id)).max()
            if not difference < _MAX_DIFFERENCE:
                raise EnvironmentProblem(f"Numba's code is wrong by {difference:.2g} on this machine; it is not used")
        self._compiled_step = step

    def hidden(self, cache: KVCache, ids: Ids, check: Callable[[], None] = no_check) -> Floats:
        """Read more tokens and return the last hidden states, normalised, ready for `head`: (T, D) float32."""
        blocks = []
        for block in self._blocks(cache, ids, check):
            if len(block) == 1:
                blocks.append(self._decode(cache, block[0])[None])
            else:
                self._block(cache, block, len(self.weights.layers))
                stream = self._block_scratch.stream[: len(block)]
                blocks.append(last_norm(self.weights, stream, norm_scales(stream, self.config.layer_norm_epsilon)))
        return np.concatenate(blocks)

    def read(self, cache: KVCache, ids: Ids, check: Callable[[], None] = no_check) -> None:
        """Read more tokens for the sake of those to come: like `hidden`, without the last layer's output."""
        for block in self._blocks(cache, ids, check):
            self._block(cache, block, len(self.weights.layers) - 1)

    def _blocks(self, cache: KVCache, ids: Ids, check: Callable[[], None]) -> Iterator[Ids]:
        """Yield the tokens in blocks of at most `block_rows`."""
        if len(ids) == 0 or cache.length + len(ids) > self.config.block_size:
            raise ValueError(f"{len(ids)} tokens after {cache.length} do not fit a context of {self.config.block_size}")
        with np.errstate(over="ignore"):
            for start in range(0, len(ids), self.block_rows):
                check()
                yield ids[start : start + self.block_rows]

    def head(self, hidden: Floats) -> Floats:
        """Return the logits of hidden states, (T, D): (T, V) float32. Rows are computed HEAD_ROWS at a time."""
        result = np.empty((len(hidden), self.config.vocab_size), dtype=np.float32)
        for start in range(0, len(hidden), HEAD_ROWS):
            rows = slice(start, start + HEAD_ROWS)
            for first, panel in self.weights.head:
                np.matmul(hidden[rows], panel, out=result[rows, first : first + panel.shape[1]])
        return result

    def _decode(self, cache: KVCache, token_id: np.int32) -> Floats:
        """Read one token: matrix-vector products only, into scratch. Returns (D,)."""
        weights, scratch, at = self.weights, self._decode_scratch, cache.length
        stream, delta, qkv = scratch.stream[0], scratch.delta[0], scratch.qkv[0]
        normed, context, inner = scratch.normed[0], scratch.context[0], scratch.inner[0]
        heads = qkv.reshape(3, self.config.n_head, -1)  # (3, H, D/H), a view
        queries, gathered = heads[0][:, None, :], scratch.gathered[:, :1]
        values_of, totals = gathered[:, 0, :-1], gathered[:, 0, -1:]  # (H, D/H), (H, 1)
        context_heads = context[:-1].reshape(self.config.n_head, -1)
        attention = scratch.attention[:, :, : at + 1]  # (H, 1, S)
        np.add(weights.token_embedding[token_id], weights.position_embedding[at], out=stream)
        for index, layer in enumerate(weights.layers):
            np.multiply(stream, self._scale(stream), out=normed[:-1])
            np.dot(normed, layer.qkv, out=qkv)
            keys, values = cache.keys[index], cache.values[index]
            keys[:, :, at] = heads[1]
            values[:, at, :-1] = heads[2]
            np.matmul(queries, keys[:, :, : at + 1], out=attention)
            attention -= np.maximum.reduce(attention, axis=2, keepdims=True)
            np.exp(attention, out=attention)
            np.matmul(attention, values[:, : at + 1], out=gathered)
            np.divide(values_of, totals, out=context_heads)
            np.dot(context, layer.out, out=delta)
            stream += delta
            np.multiply(stream, self._scale(stream), out=normed[:-1])
            np.dot(normed, layer.up, out=scratch.up[0])
            gelu(scratch.up[0], scratch.gate[0], inner[:-1])
            np.dot(inner, layer.down, out=delta)
            stream += delta
        cache.length += 1
        return last_norm(self.weights, stream, self._scale(stream))

    def _scale(self, stream: Floats) -> np.float32:
        """Return what a layer norm multiplies a stream (D,) of mean zero with."""
        mean_square = float(stream.dot(stream)) / len(stream)
        return np.float32((mean_square + self.config.layer_norm_epsilon) ** -0.5)

    def _block(self, cache: KVCache, ids: Ids, n_layers: int) -> None:
        """Read a few tokens at once: the output of the first `n_layers` into the scratch stream, (T, D).

        The cache gets the keys and values of one layer more, if there is one.
        """
        weights, scratch = self.weights, self._block_scratch
        n_rows, start = len(ids), cache.length
        end = start + n_rows
        stream, delta, normed = scratch.stream[:n_rows], scratch.delta[:n_rows], scratch.normed[:n_rows]
        up, gate, inner = scratch.up[:n_rows], scratch.gate[:n_rows], scratch.inner[:n_rows]
        np.add(weights.token_embedding[ids], weights.position_embedding[start:end], out=stream)
        for index, layer in enumerate(weights.layers[: n_layers + 1]):
            queries = self._keep(cache, index, layer, start, end)
            if index == n_layers:
                break
            np.dot(self._attend(cache, index, queries, start, end), layer.out, out=delta)
            stream += delta
            np.multiply(stream, norm_scales(stream, self.config.layer_norm_epsilon), out=normed[:, :-1])
            np.dot(normed, layer.up, out=up)
            gelu(up, gate, inner[:, :-1])
            np.dot(inner, layer.down, out=delta)
            stream += delta
        cache.length = end

    def _keep(self, cache: KVCache, index: int, layer: FoldedLayer, start: int, end: int) -> Floats:
        """Put keys and values of the scratch stream's rows into the cache; return the queries, (H, T, D/H)."""
        scratch, n_rows = self._block_scratch, end - start
        stream, normed, qkv = scratch.stream[:n_rows], scratch.normed[:n_rows], scratch.qkv[:n_rows]
        np.multiply(stream, norm_scales(stream, self.config.layer_norm_epsilon), out=normed[:, :-1])
        np.dot(normed, layer.qkv, out=qkv)
        heads = qkv.reshape(n_rows, 3, self.config.n_head, -1)  # (T, 3, H, D/H)
        cache.keys[index, :, :, start:end] = heads[:, 1].transpose(1, 2, 0)
        cache.values[index, :, start:end, :-1] = heads[:, 2].transpose(1, 0, 2)
        return np.ascontiguousarray(heads[:, 0].transpose(1, 0, 2))

    def _attend(self, cache: KVCache, index: int, queries: Floats, start: int, end: int) -> Floats:
        """Return what the heads of one layer gathered, and a one: (T, D + 1)."""
        scratch, n_rows = self._block_scratch, end - start
        attention = scratch.attention[:, :n_rows, :end]
        np.matmul(queries, cache.keys[index, :, :, :end], out=attention)  # (H, T, S)
        attention[:, :, start:end] += scratch.mask[:n_rows, :n_rows]
        attention -= attention.max(axis=2, keepdims=True)
        np.exp(attention, out=attention)
        gathered = scratch.gathered[:, :n_rows]
        np.matmul(attention, cache.values[index, :, :end], out=gathered)  # (H, T, D/H + 1)
        context = scratch.context[:n_rows]
        by_head = context[:, :-1].reshape(n_rows, self.config.n_head, -1).transpose(1, 0, 2)  # a view
        np.divide(gathered[:, :, :-1], gathered[:, :, -1:], out=by_head)
        return context
