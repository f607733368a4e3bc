"""What the demo says about a token and about the candidates for its place, as words and numbers.

The app and the plain rendering both take it from here, so that they never say different things. No colours, no layout.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tinylm.analysis.wording import counted, percent
from tinylm.session.outlook import Outlook
from tinylm.session.session import Session

__all__ = ["Row", "candidate_rows", "facts", "raw_tokens", "settings_line", "survivors_line"]

N_BYTES_SHOWN = 8


@dataclass(frozen=True)
class Row:
    """One candidate as a view shows it; `place` is its row in the outlook, so `place + 1` picks it."""

    place: int
    token_id: int
    visible: str
    probability: float  # the model's own
    sampled: float  # after the filters, 0 where cut
    cut_by: str  # the filter's name, empty for survivors


def facts(session: Session, index: int) -> list[tuple[str, str]]:
    """Return label and value of everything known about token `index` of the path."""
    token = session.chosen(index)
    data = session.vocabulary.token_bytes(token.token_id)
    shown = data[:N_BYTES_SHOWN].hex(" ").upper() + (f" … ({len(data)})" if len(data) > N_BYTES_SHOWN else "")
    sampled = "not sampled" if token.how == "prompt" else "cut by the filters"
    if token.sampled_logprob is not None:
        sampled = percent(token.sampled_logprob)
    draw = f"{token.draw:.4f}" if token.draw is not None else {"prompt": "none: the prompt"}.get(token.how, token.how)
    return [
        ("token", f"{session.vocabulary.visible(token.token_id)}   id {token.token_id}"),
        ("bytes", shown or "none"),
        ("probability", percent(token.logprob)),
        ("sampled", sampled),
        ("log prob", f"{token.logprob:.3f} nats, {-token.logprob / math.log(2):.2f} bits"),
        ("rank", f"{token.rank} of {session.outlook(index).ids.size}"),
        ("entropy", f"{token.entropy_bits:.2f} bits"),
        ("draw", draw),
        ("context", counted(token.context_tokens, "token")),
    ]


def candidate_rows(session: Session, outlook: Outlook, always: Sequence[int], n: int) -> list[Row]:
    """Return the n most likely candidates; the places in `always` are among them, last if need be."""
    n = max(n, len(always))
    places = list(range(min(n, len(outlook.ids))))
    missing = sorted({place for place in always if place not in places})
    places = places[: len(places) - len(missing)] + missing if missing else places
    return [
        Row(
            place=place,
            token_id=int(outlook.ids[place]),
            visible=session.vocabulary.visible(int(outlook.ids[place])),
            probability=math.exp(outlook.logprob[place]),
            sampled=float(outlook.probability[place]),
            cut_by=outlook.cut_name(place),
        )
        for place in places
    ]


def survivors_line(outlook: Outlook) -> str:
    """Return how many candidates are left and which filter cut how many: `14 left, cut: top-k 8152, top-p 26`."""
    cuts = ", ".join(f"{name} {count}" for name, count in outlook.cut_counts().items())
    return f"{outlook.n_survivors} left, cut: {cuts or 'none'}"


def settings_line(session: Session) -> str:
    """Return the sampling settings and the seed in one line."""
    sampling = session.sampling
    top_k = "off" if not sampling.top_k else str(sampling.top_k)
    top_p = "off" if sampling.top_p >= 1 else f"{sampling.top_p:.2f}"
    greedy = " (greedy)" if sampling.temperature == 0 else ""
    rarer = [
        f"{name} {value:g}, "
        for name, value, off in (
            ("min-p", sampling.min_p, 0.0),
            ("typical-p", sampling.typical_p, 1.0),
            ("repetition penalty", sampling.repetition_penalty, 1.0),
            ("presence penalty", sampling.presence_penalty, 0.0),
        )
        if value != off
    ]
    usual = f"temperature {sampling.temperature:.2f}{greedy}, top-k {top_k}, top-p {top_p}, "
    return f"{usual}{''.join(rarer)}seed {session.seed}"


def raw_tokens(session: Session) -> str:
    """Return the vocabulary's own spelling of the tokens, separated by spaces: `he ll o Ġsoft`."""
    return " ".join(session.vocabulary.raw(token_id) for token_id in session.ids)
