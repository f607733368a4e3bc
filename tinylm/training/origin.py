"""The model that a run goes on from (`--init-from`): whether it fits the run, from its config.json and tokenizer.json.

No torch in here: the command line asks before it imports that.
"""

from pathlib import Path

from tinylm.errors import BadData, IncompatibleCheckpoint
from tinylm.model.config import check_vocab_size, load_config
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.training.config import TrainConfig

__all__ = ["check_fits"]

_EPSILON = 1e-5  # of GPT-2's layer norms, and of every model that TinyLM trains


def check_fits(directory: Path, config: TrainConfig, tokenizer: Tokenizer) -> None:
    """Refuse a model of another shape or another tokenizer than the run has.

    Raises:
        IncompatibleCheckpoint: they differ; all differences are named.
        BadData: not a model that TinyLM reads, or not one that it trains.
    """
    found = load_config(directory)
    differences = [
        f"{name} is {getattr(found, name)} there, {getattr(config, name)} here"
        for name in ("n_layer", "n_head", "n_embd", "block_size")
        if getattr(found, name) != getattr(config, name)
    ]
    own_tokenizer = Tokenizer.load(directory)
    if own_tokenizer.id != tokenizer.id:
        differences.append("its tokenizer is another one")
    if differences:
        raise IncompatibleCheckpoint(
            f"--init-from {directory}: {', '.join(differences)}; "
            "leave --tokenizer, --size and the options of the shape away"
        )
    check_vocab_size(directory, found, own_tokenizer.vocab_size)
    if found.n_inner != 4 * found.n_embd or found.layer_norm_epsilon != _EPSILON:
        raise BadData(
            f"--init-from {directory}: n_inner is {found.n_inner} and layer_norm_epsilon {found.layer_norm_epsilon:g}, "
            f"training needs {4 * found.n_embd} and {_EPSILON:g}; go on from another model"
        )
