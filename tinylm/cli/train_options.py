"""The options of `tinylm train`: their names, help, and what holds without them.

A resumed run has to know which options were given, so none of those that make up the run has a default of its own; the
help shows that of `TrainConfig`.
"""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from tinylm.tokens.tokenizer_file import DEFAULT_VOCAB_SIZE
from tinylm.training.config import TrainConfig

__all__ = [
    "Accumulate",
    "Aligned",
    "AllowInexact",
    "AsJson",
    "BatchSize",
    "BlockSize",
    "Budget",
    "CheckpointEvery",
    "Clean",
    "Compile",
    "Data",
    "DecayFraction",
    "Dropout",
    "DryRun",
    "Dtype",
    "Errors",
    "EvaluateEvery",
    "ExportDtype",
    "InitFrom",
    "Keep",
    "Lr",
    "Mix",
    "MuonLr",
    "NEmbd",
    "NHead",
    "NLayer",
    "Out",
    "Resume",
    "SamplePrompt",
    "Seed",
    "Share",
    "Size",
    "Snapshots",
    "Steps",
    "Tensorboard",
    "Threads",
    "TokenizerDirectory",
    "Validation",
    "VocabSize",
    "Warmup",
    "WeightDecay",
]

_DEFAULTS = {field.name: field.default for field in fields(TrainConfig)}
_OF_THE_SIZE = "the size's"


def _of_the_run(name: str, help: str) -> Any:
    """Return an option for a field of the configuration; its default is the field's."""
    default = _DEFAULTS[name]
    return typer.Option(help=help, show_default=f"{default:g}" if isinstance(default, float) else str(default))


Out = Annotated[Path, typer.Option("--out", help="Directory of the run; its model/ is the result.")]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="Corpus: sample, stories, a file (FILE:COLUMN of a table), a folder, a glob or a Hub name. "
        "Repeat it to mix several. A new run needs it.",
    ),
]
TokenizerDirectory = Annotated[
    Path | None,
    typer.Option(
        "--tokenizer", help="Directory that holds tokenizer.json. A new run needs it, but for one with --init-from."
    ),
]
InitFrom = Annotated[
    Path | None,
    typer.Option(
        help="Model to go on from, with its shape and tokenizer, or `starter`. Without it, weights are random."
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        help="tiny (1.0 M parameters with 8,192 entries), small (4.3 M) or base (14.0 M).", show_default="small"
    ),
]
NLayer = Annotated[int | None, typer.Option(help="Blocks.", show_default=_OF_THE_SIZE)]
NHead = Annotated[int | None, typer.Option(help="Attention heads in a block.", show_default=_OF_THE_SIZE)]
NEmbd = Annotated[int | None, typer.Option(help="Width; a multiple of --n-head.", show_default=_OF_THE_SIZE)]
BlockSize = Annotated[int | None, typer.Option(help="Context in tokens.", show_default=_OF_THE_SIZE)]
Steps = Annotated[int | None, _of_the_run("steps", "Steps of the whole run.")]
BatchSize = Annotated[int | None, _of_the_run("batch_size", "Sequences in a micro-batch.")]
Accumulate = Annotated[int | None, _of_the_run("accumulate", "Micro-batches in a step.")]
Lr = Annotated[float | None, _of_the_run("lr", "AdamW: embeddings, norms, biases.")]
MuonLr = Annotated[float | None, _of_the_run("muon_lr", "Muon: matrices inside the blocks.")]
WeightDecay = Annotated[float | None, _of_the_run("weight_decay", "On the matrices.")]
Dropout = Annotated[float | None, _of_the_run("dropout", "Of embeddings and residuals.")]
Warmup = Annotated[int | None, _of_the_run("warmup", "Steps until the full learning rate.")]
DecayFraction = Annotated[
    float | None, _of_the_run("decay_fraction", "Last part of the run, where the rate falls to 0.")
]
Mix = Annotated[
    str | None,
    typer.Option(
        help='Weights of the --data over the run, as phases START:WEIGHT,WEIGHT: "0:90,10 0.4:75,25 0.75:50,50" '
        "reads 90 % of the tokens from the first until 40 % of the steps are done, and so on. "
        "Without it, each counts by its size."
    ),
]
Aligned = Annotated[
    float | None,
    _of_the_run("aligned", "Share of the rows that move back to where their document begins, by at most a row."),
]
Validation = Annotated[
    str | None, typer.Option(help="Corpus to measure on; without it 2 % of the documents are held out.")
]
Clean = Annotated[
    bool | None, typer.Option("--clean", help="Repair wrongly decoded quotes; drop documents that stay broken.")
]
Errors = Annotated[str | None, _of_the_run("errors", "Bytes that are not UTF-8: strict stops, replace goes on.")]
SamplePrompt = Annotated[
    str | None, typer.Option(help="Continued at every evaluation. Without it, the commonest beginning held out.")
]
CheckpointEvery = Annotated[int | None, _of_the_run("checkpoint_every", "Steps between two checkpoints.")]
EvaluateEvery = Annotated[int | None, _of_the_run("evaluate_every", "Steps between two evaluations.")]
Keep = Annotated[int | None, _of_the_run("keep", "Newest checkpoints to keep, beside the best.")]
Snapshots = Annotated[
    int | None,
    _of_the_run("snapshots", "Weights to keep over the whole run, for `tinylm learned`; 0 for none."),
]
Seed = Annotated[int | None, _of_the_run("seed", "Of the weights, the order of the data and dropout.")]
Threads = Annotated[int | None, _of_the_run("threads", "0: as many as there are cores.")]
Dtype = Annotated[str | None, _of_the_run("dtype", "auto, float32 or bfloat16.")]
Compile = Annotated[str | None, _of_the_run("compile", "auto, on or off.")]
ExportDtype = Annotated[str | None, _of_the_run("export_dtype", "float32 or float16, for model/.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out; it remembers its options.")]
AllowInexact = Annotated[
    bool, typer.Option("--allow-inexact", help="Resume although machine or versions round differently.")
]
Budget = Annotated[
    str | None,
    typer.Option(
        help="Time for all of it, such as 90s, 10m or 1h30m: decides size, batch and steps. Without it, the options do."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what the run would cost, from a short probe, and write nothing.")
]
VocabSize = Annotated[
    int | None,
    typer.Option(
        help="With --dry-run: entries of a tokenizer that is not trained yet.", show_default=str(DEFAULT_VOCAB_SIZE)
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON.")]
Share = Annotated[
    bool,
    typer.Option(
        "--share/--no-share",
        envvar="TINYLM_SHARE",
        help="Keep encoded text among the user's caches, for other runs, and use theirs.",
    ),
]
Tensorboard = Annotated[
    bool, typer.Option("--tensorboard", help="Write for TensorBoard too, into tensorboard/ of --out.")
]
