"""The sampling options that `tinylm generate` and `tinylm demo` share: their names, help and order.

The order in which they work is `tinylm.model.sampling.ORDER`; the help lists them in it, under a heading that says so.
"""

from typing import Annotated

import typer

__all__ = [
    "PANEL",
    "MinP",
    "PresencePenalty",
    "RepetitionPenalty",
    "Seed",
    "Stop",
    "Temperature",
    "TopK",
    "TopP",
    "TypicalP",
]

PANEL = "Sampling, applied in this order"
AFTER = "Draws and ends"

RepetitionPenalty = Annotated[
    float,
    typer.Option(help="Divide the logits of tokens that the text has; 1 is off.", rich_help_panel=PANEL),
]
PresencePenalty = Annotated[
    float,
    typer.Option(help="Take this off the logits of tokens that the text has; 0 is off.", rich_help_panel=PANEL),
]
Temperature = Annotated[
    float,
    typer.Option(help="0 always takes the most likely token; 1 is the model's own.", rich_help_panel=PANEL),
]
TopK = Annotated[int, typer.Option(help="Keep the k most likely tokens; 0 keeps all.", rich_help_panel=PANEL)]
TopP = Annotated[
    float, typer.Option(help="Keep the most likely tokens up to this much probability.", rich_help_panel=PANEL)
]
MinP = Annotated[
    float,
    typer.Option(help="Keep tokens at least this fraction as likely as the most likely one.", rich_help_panel=PANEL),
]
TypicalP = Annotated[
    float,
    typer.Option(
        help="Keep the tokens whose surprisal is nearest to the entropy, up to this much probability; 1 keeps all.",
        rich_help_panel=PANEL,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help="The same seed draws the same tokens; a fresh one when absent.", show_default=False, rich_help_panel=AFTER
    ),
]
Stop = Annotated[
    list[str] | None,
    typer.Option(
        help="End the text before this string, wherever the tokens end; may be given several times. Without it, the "
        "model's end or --max-tokens ends it.",
        show_default=False,
        rich_help_panel=AFTER,
    ),
]
