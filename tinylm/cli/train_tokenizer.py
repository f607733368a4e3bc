"""`tinylm train-tokenizer`: read a corpus, learn the merges while a person watches, write the tokenizer, report.

Counting and merging are in `tinylm.tokenizer_training`; this file joins them to the terminal and to the disk.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tinylm.cli import corpus_options as corpus
from tinylm.cli.tokenizer_checks import check_destination
from tinylm.cli.tokenizer_screen import ProgressScreen, print_report, print_sizes
from tinylm.data.sources import Source, open_sources
from tinylm.errors import Cancelled, Interrupted, TinyLMError, UsageError
from tinylm.events import EventLog
from tinylm.files import new_directory
from tinylm.stopping import StopRequest
from tinylm.tokenizer_training import TrainedTokenizer, save_tokenizer
from tinylm.tokenizer_training.counting import CountingProgress
from tinylm.tokenizer_training.events import Snapshot, TrainingDiary, snapshot_from
from tinylm.tokenizer_training.measures import Measures, measure
from tinylm.tokenizer_training.report import HeldOut, TokenizerReport, make_report
from tinylm.tokenizer_training.report_page import check_report_path, measures_to_json, write_report
from tinylm.tokenizer_training.saving import check_saved
from tinylm.tokenizer_training.state import (
    NO_MERGES,
    NOTHING,
    CorpusChanged,
    forget,
    load_counted,
    load_learned,
    merges_file,
    save_counted,
    save_learned,
    state_file,
)
from tinylm.tokenizer_training.training import MergingProgress, check_vocab_size
from tinylm.tokenizer_training.training import train_tokenizer as train
from tinylm.tokens.byte_level import raw_from_bytes
from tinylm.tokens.tokenizer import Tokenizer
from tinylm.tokens.tokenizer_file import DEFAULT_VOCAB_SIZE

__all__ = ["train_tokenizer"]

_EVENT_EVERY_S = 0.2


def train_tokenizer(
    data: corpus.Data,
    out: Annotated[Path, typer.Option("--out", help="The directory to write.")],
    vocab_size: Annotated[
        str,
        typer.Option(
            "--vocab-size",
            help="Entries, the 256 bytes included. Several sizes, such as 1024,4096,8192, are trained in one go, each "
            "into OUT/SIZE, and compared.",
        ),
    ] = str(DEFAULT_VOCAB_SIZE),
    workers: Annotated[int, typer.Option("--workers", help="Counting processes; 0: one per processor.")] = 0,
    clean: corpus.Clean = False,
    errors: corpus.Errors = "strict",
    held_out: Annotated[
        bool, typer.Option("--held-out/--no-held-out", help="Keep 2 % of the documents aside to measure compression.")
    ] = True,
    events: Annotated[
        Path | None, typer.Option("--events", help="Append events (JSON lines) to this file; without it, to none.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write all that was measured to this .html or .json file; without it, to none."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a tokenizer that lies in --out.")] = False,
) -> None:
    """Train a byte-level BPE tokenizer on a corpus.

    A corpus that is named twice weighs double. A file named `stop` beside the --events file ends the work.
    """
    sizes = _sizes(vocab_size)
    if report is not None:
        check_report_path(report)
    if workers < 0:
        raise UsageError(f"--workers {workers}: write a number of processes, or 0 for one per processor")
    source = open_sources(data, errors=errors, clean=clean)
    wish = _Wish(source, out, sizes, workers or None, held_out, report, as_json)
    check_destination(out, sizes, may_replace=replace or (out.is_dir() and wish.goes_on()))
    stop_file = None if events is None else events.parent / "stop"
    config = {"data": data, "vocabSize": sizes[-1], "out": str(out), "clean": clean, "errors": errors}
    with EventLog(events) as log, StopRequest(stop_file) as stop:
        diary = TrainingDiary(log)
        diary.start(out, sizes[-1] - 257, config)
        try:
            _run(wish, diary, stop)
        except Cancelled as reason:
            is_kept = state_file(out).exists()
            message = f"{reason}; {'the same command goes on from there' if is_kept else 'nothing was written'}"
            diary.end("interrupted", message, None)
            raise Interrupted(message, stop.signal_number or 2) from None
        except (TinyLMError, KeyboardInterrupt) as error:
            diary.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", str(error), None)
            raise


@dataclass(frozen=True)
class _Wish:
    """What was asked for; `sizes` in rising order."""

    source: Source
    out: Path
    sizes: tuple[int, ...]
    workers: int | None
    hold_out: bool
    report: Path | None
    as_json: bool

    @property
    def settings(self) -> dict[str, object]:
        """What a state that was kept has to have in common with this wish."""
        return {"heldOut": self.hold_out, "source": self.source.name}

    def goes_on(self) -> bool:
        """Say whether the same was begun: by a command that was to replace, or had just given its result the name."""
        counted = load_counted(state_file(self.out), self.settings)
        return counted is not NOTHING or load_learned(merges_file(self.out), self.settings) is not NO_MERGES

    def place_of(self, size: int) -> Path:
        """Return where a size's tokenizer goes."""
        return self.out / str(size) if len(self.sizes) > 1 else self.out


def _sizes(text: str) -> tuple[int, ...]:
    """Read one size or several; in rising order, each once. Raises: UsageError."""
    try:
        sizes = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise UsageError(f"--vocab-size {text}: write a number, or several such as 1024,4096,8192") from None
    for size in sizes:
        check_vocab_size(size)
    return sizes


def _run(wish: _Wish, diary: TrainingDiary, stop: StopRequest) -> None:
    started = time.monotonic()
    with ProgressScreen() as screen:
        follow = _Follower(wish.source, diary, screen, stop)
        trained, kept = _trained(wish, follow)
        n_merges = len(trained.vocabulary) - 257  # fewer than were wanted where the corpus holds no more
        follow.show(Snapshot("merging", 1.0, None, f"{n_merges} of {n_merges}"))
        texts = kept.documents or [kept.first]
        measured = _write(wish, [trained.prefix(size) for size in wish.sizes], texts, follow)
    seconds = time.monotonic() - started
    forget(merges_file(wish.out))
    forget(state_file(wish.out))
    place = wish.place_of(wish.sizes[-1])
    found = make_report(trained, Tokenizer.load(place), measured[-1], kept.documents, kept.first)
    message = f"{len(trained.vocabulary)} entries, {found.bytes_per_token:.2f} bytes per token"
    if trained.is_smaller_than_wanted:
        message += "; this corpus holds no more pairs"
    facts = _as_json(trained, found, place, seconds, wish.source)
    if wish.report is not None:
        what = f"{len(kept.documents):,} documents kept out of the training" if kept.documents else "the first document"
        write_report(wish.report, f"Tokenizer trained on {wish.source.name}", what, facts, measured)
    diary.end("finished", message, place, len(trained.merges))
    if wish.as_json:
        sizes = [measures_to_json(each) for each in measured]
        typer.echo(json.dumps({**facts, "sizes": sizes}, ensure_ascii=False, indent=2))
    else:
        print_report(trained, found, wish.out, seconds, wish.source.notes())
        print_sizes(measured)


def _trained(wish: _Wish, follow: "_Follower") -> tuple[TrainedTokenizer, HeldOut]:
    """Train, going on where an earlier call was interrupted; where the corpus has changed since, begin anew."""
    state, merges, settings = state_file(wish.out), merges_file(wish.out), wish.settings
    begin, known = load_counted(state, settings), load_learned(merges, settings)
    while True:
        kept = HeldOut(keep_any=wish.hold_out)
        try:
            trained = train(
                kept.filter(wish.source.documents()),
                wish.sizes[-1],
                workers=wish.workers,
                progress=follow,
                should_stop=follow.should_stop,
                begin=begin,
                keep=lambda counted: save_counted(state, counted, settings) if counted.n_pieces else None,
                known=known,
                keep_merges=lambda learned: save_learned(merges, learned, settings),
            )
        except CorpusChanged:
            begin = NOTHING
            continue
        return trained, kept


class _Follower:
    """Passes progress on to the screen and to the events, the latter a few times a second, and a wish to stop back."""

    def __init__(self, source: Source, diary: TrainingDiary, screen: ProgressScreen, stop: StopRequest) -> None:
        self._source, self._diary, self._screen, self._stop = source, diary, screen, stop
        self._phase = ""
        self._is_stopping = False
        self._n_bytes = source.n_bytes()
        self._phase_began = self._next_event = 0.0

    def __call__(self, progress: CountingProgress | MergingProgress) -> None:
        if self._is_stopping:
            return
        now = time.monotonic()
        if isinstance(progress, MergingProgress):
            self._diary.merge(progress)
            self._screen.merge(progress)
            if self._phase == "merging" and now < self._next_event and progress.vocab_size < progress.vocab_size_wanted:
                return
        total = self._n_bytes
        fraction_read = min(1.0, self._source.tally.bytes_read / total) if total else None
        self._next_event = now + _EVENT_EVERY_S
        self.show(snapshot_from(progress, now - self._phase_began, fraction_read))

    def show(self, moment: Snapshot) -> None:
        """Show how far a phase is."""
        if moment.phase != self._phase:
            self._phase, self._phase_began = moment.phase, time.monotonic()
        self._diary.progress(moment)
        self._screen.show(moment)

    def should_stop(self) -> bool:
        """Return whether somebody wants the work to end, and say so at once in the events (`StopRequest` does
        on the terminal): keeping the state may take a while.
        """
        if self._stop() and not self._is_stopping:
            self._is_stopping = True
            self._diary.progress(Snapshot("stopping", None, None, "keeping what was done"))
        return self._is_stopping

    def check(self) -> None:
        """Raise Cancelled when somebody wants the work to end while the result is written."""
        if self.should_stop():
            raise Cancelled("stopped while writing")


def _write(wish: _Wish, vocabularies: list[TrainedTokenizer], texts: list[str], follow: _Follower) -> list[Measures]:
    """Save every size, read it back, compare and measure, and only then give the directory its name."""
    measured: list[Measures] = []
    with new_directory(wish.out, replace=True) as building:
        for size, trained in zip(wish.sizes, vocabularies, strict=True):
            follow.show(Snapshot("writing", len(measured) / len(wish.sizes), None, f"{size:,} entries"))
            directory = building / str(size) if len(wish.sizes) > 1 else building
            directory.mkdir(exist_ok=True)
            tokenizer = trained.to_tokenizer()
            save_tokenizer(tokenizer, directory)
            loaded = Tokenizer.load(directory)
            check_saved(tokenizer, loaded, texts, follow.check)
            measured.append(measure(trained, loaded, texts, follow.check))
        follow.check()
    return measured


def _as_json(
    trained: TrainedTokenizer, report: TokenizerReport, out: Path, seconds: float, source: Source
) -> dict[str, object]:
    return {
        "path": str(out),
        "id": Tokenizer.load(out).id,
        "vocabSize": len(trained.vocabulary),
        "vocabSizeWanted": trained.vocab_size_wanted,
        "documents": trained.n_documents,
        "bytes": trained.n_bytes,
        "pretokens": trained.n_pretokens,
        "distinctPretokens": trained.n_distinct_pretokens,
        "seconds": round(seconds, 3),
        "bytesPerToken": report.bytes_per_token,
        "heldOutDocuments": report.n_held_out,
        "longestTokens": [{"id": token.token_id, "raw": token.raw, "text": token.text} for token in report.longest],
        "excerpt": [raw_from_bytes(token) for token in report.excerpt],
        "notes": source.notes(),
    }
