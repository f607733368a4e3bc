"""The engines that ours is compared with, on the same weights: transformers, ONNX Runtime, CTranslate2.

Each is used as well as its interface allows. ONNX Runtime runs a graph with a key-value cache that computes the logits
of wanted rows only; it is exported from the network of transformers with a plain attention, and the runtime's own
optimiser fuses what it can. CTranslate2 runs its own conversion, in float32 and int8. Both come with
`pip install ".[bench]"`; what is not installed is left out.
"""

import importlib.util
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel
from transformers.utils import logging

__all__ = ["Competitors", "Onnx", "log_statistics", "random_model"]

Ids = NDArray[np.int64]


def log_statistics(logits: Tensor, targets: Tensor) -> None:
    """Compute what ours gives for each token: log probability, rank, entropy and the greatest log probability."""
    logprobs = torch.log_softmax(logits, -1)  # (T, V)
    chosen = logprobs.gather(1, targets[:, None])
    (logprobs > chosen).sum(-1)
    logprobs.amax(-1)
    torch.special.entr(logprobs.exp()).sum(-1)


def random_model(directory: Path, tokenizer_of: Path, n_embd: int, n_layer: int, n_head: int, block_size: int) -> Path:
    """Write a model with random weights and the tokenizer of another; return its directory."""
    torch.manual_seed(0)
    GPT2LMHeadModel(
        GPT2Config(
            vocab_size=8192,
            n_positions=block_size,
            n_embd=n_embd,
            n_layer=n_layer,
            n_head=n_head,
            initializer_range=0.05,
            bos_token_id=0,
            eos_token_id=0,
        )
    ).save_pretrained(directory)
    for path in tokenizer_of.glob("tokenizer*"):
        (directory / path.name).write_bytes(path.read_bytes())
    return directory


class Competitors:
    """One model in each of the engines, loaded when first asked for.

    Args:
        directory: the model.
        scratch: a directory for what is converted.
        threads: how many each may take.
    """

    def __init__(self, directory: Path, scratch: Path, threads: int) -> None:
        logging.disable_progress_bar()
        torch.set_num_threads(threads)
        self._directory, self._scratch, self._threads = directory, scratch, threads
        self.has_onnx = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
        self.has_ctranslate2 = importlib.util.find_spec("ctranslate2") is not None

    @cached_property
    def transformers(self) -> Any:
        """The reference, a GPT2LMHeadModel."""
        return AutoModelForCausalLM.from_pretrained(self._directory, dtype=torch.float32).eval()

    @cached_property
    def onnx(self) -> "Onnx":
        return Onnx.export(self.transformers, self._scratch / "model.onnx", self._threads)

    def ctranslate2(self, quantization: str) -> Any:
        """Return a ctranslate2.Generator; `quantization` is float32 or int8_float32."""
        import ctranslate2
        from ctranslate2.converters import TransformersConverter

        converted = str(self._scratch / quantization)
        TransformersConverter(str(self._directory)).convert(converted, quantization=quantization)
        return ctranslate2.Generator(converted, device="cpu", inter_threads=1, intra_threads=self._threads)


@dataclass(frozen=True)
class Onnx:
    """A session of ONNX Runtime: ids (B, T), past and the wanted rows of (B * T) in, logits (R, V) and past out."""

    session: Any
    empty_past: NDArray[np.float32]  # (n_layer, 2, 1, H, 0, D/H)

    @classmethod
    def export(cls, model: Any, path: Path, threads: int) -> "Onnx":
        import onnxruntime

        config = model.config
        head_size = config.n_embd // config.n_head
        past = torch.zeros(config.n_layer, 2, 1, config.n_head, 3, head_size)
        names = {"input_names": ["ids", "past", "rows"], "output_names": ["logits", "present"]}
        axes = {"ids": {0: "b", 1: "t"}, "past": {2: "b", 4: "s"}, "rows": {0: "r"}}
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracing exporter is deprecated, and traces this network faithfully
            example = (torch.arange(5)[None], past, torch.arange(5))
            torch.onnx.export(_Cached(model).eval(), example, str(path), dynamo=False, dynamic_axes=axes, **names)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return cls(session, past[:, :, :, :, :0].numpy())

    def run(self, ids: Ids, past: NDArray[np.float32], rows: Ids) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        logits, present = self.session.run(None, {"ids": ids, "past": past, "rows": rows})
        return logits, present


class _Cached(nn.Module):
    """transformers' GPT-2 with its cache as one array, which the exporter can trace."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.body, self.head, self.config = model.transformer, model.lm_head, model.config

    def forward(self, ids: Tensor, past: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        n_read = past.shape[4]
        places = torch.arange(n_read, n_read + ids.shape[1])
        mask = torch.arange(n_read + ids.shape[1])[None, :] <= places[:, None]
        stream = self.body.wte(ids) + self.body.wpe(places)
        present = []
        for block, before in zip(self.body.h, past, strict=True):
            gathered, after = self._attend(block.attn, block.ln_1(stream), before, mask)
            stream = stream + gathered
            stream = stream + block.mlp(block.ln_2(stream))
            present.append(after)
        return self.head(self.body.ln_f(stream).flatten(0, 1)[rows]), torch.stack(present)

    def _attend(self, attention: Any, normed: Tensor, past: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        n_embd, n_head = self.config.n_embd, self.config.n_head
        n_rows, n_tokens, _ = normed.shape
        parts = (
            part.view(n_rows, n_tokens, n_head, n_embd // n_head).transpose(1, 2)
            for part in attention.c_attn(normed).split(n_embd, 2)
        )
        queries, keys, values = parts
        keys, values = torch.cat([past[0], keys], 2), torch.cat([past[1], values], 2)
        scores = queries @ keys.transpose(2, 3) * (n_embd // n_head) ** -0.5
        weights = torch.where(mask, scores, torch.full_like(scores, -1e9)).softmax(-1)
        gathered = (weights @ values).transpose(1, 2).reshape(n_rows, n_tokens, n_embd)
        return attention.c_proj(gathered), torch.stack([keys, values])
