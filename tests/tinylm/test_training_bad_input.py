"""What `tinylm train` says to bad input about runs, checkpoints, memory and machine: the whole line, and the exit code.

A corpus that cannot be used is in `test_sources.py` and `test_training_corpus.py`, trouble with the disk in
`test_training_faults.py`.
"""

import json
import re
import resource
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import train_400_entries
from tests.tinylm.training_runs import STEPS, Child, call_cli, options
from tinylm.cli.app import main
from tinylm.files import read_manifest
from tinylm.training import loop
from tinylm.training.events import read_events

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/troubleshooting.md"
ROW = re.compile(r"\| .+ \| (\d) \| (.+) \|")


def documented(code, line):
    """Check that the table in the document has this line with this exit code; return both."""
    rows = [match.groups() for match in map(ROW.fullmatch, DOCUMENT.read_text(encoding="utf-8").splitlines()) if match]
    texts = [text for exit_code, text in rows if exit_code == str(code)]
    assert any(re.fullmatch(re.escape(text).replace("…", ".+"), line) for text in texts), (code, line)
    return code, line


def refused(capsys, *words, command="train"):
    """Call `tinylm train`, which has to refuse in one line without touching anything; return exit code and line."""
    with pytest.raises(SystemExit) as ended:
        main([command, *map(str, words)])
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1, said
    return documented(ended.value.code, said[len("error: ") : -1])


@pytest.fixture
def run(finished_run, tmp_path):
    """A copy of a finished run, to be damaged."""
    return Path(shutil.copytree(finished_run.out, tmp_path / "run"))


def test_new_run_where_a_run_is(config, run, capsys):
    assert refused(capsys, *options(config)) == (
        2,
        f"{run} holds a run already; add --resume to go on with it, or choose another --out",
    )


def test_directory_with_other_peoples_files(config, capsys):
    Path(config.out).mkdir()
    for name in ("thesis.txt", "notes"):
        (Path(config.out) / name).touch()
    assert refused(capsys, *options(config)) == (
        2,
        f"{config.out} holds other files (notes, thesis.txt); choose an empty place for --out",
    )
    assert sorted(path.name for path in Path(config.out).iterdir()) == ["notes", "thesis.txt"]


def test_directory_that_is_a_link(config, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    Path(config.out).symlink_to(tmp_path / "elsewhere")
    assert refused(capsys, *options(config)) == (
        2,
        f"{config.out} is a link; name the directory behind it as --out: {tmp_path}/elsewhere",
    )
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_resume_without_a_run(tmp_path, capsys):
    assert refused(capsys, "--resume", "--out", tmp_path) == (
        2,
        f"{tmp_path} holds no run to resume; leave --resume away to start one",
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 2}', b"\xff"])
def test_damaged_record_of_a_run(run, capsys, content):
    (run / "run.json").write_bytes(content)
    code, line = refused(capsys, "--resume", "--out", run)
    assert code == 3
    assert re.fullmatch(rf"{run}/run\.json: damaged \(.*\); start a new run with another --out", line)


@pytest.mark.parametrize("number", [1, 7])
def test_run_of_another_version(run, capsys, number):
    record = json.loads((run / "run.json").read_bytes())
    (run / "run.json").write_text(json.dumps({**record, "format": number}))
    assert refused(capsys, "--resume", "--out", run) == (
        6,
        f"{run}/run.json: format {number}, this version of TinyLM reads 2; start a new run with another --out",
    )


def test_option_that_would_change_what_is_computed(run, capsys):
    assert refused(capsys, "--resume", "--out", run, "--steps", 12, "--n-layer", 3) == (
        6,
        f"{run}: n_layer: the run has 2, asked for 3; steps: the run has {STEPS}, asked for 12; "
        "leave these options away, or start a new run with another --out",
    )


def test_machine_that_rounds_differently(run, capsys):
    """Every difference is named; --allow-inexact goes on, because the state itself fits any machine."""
    record = json.loads((run / "run.json").read_bytes())
    record["machine"].update(numpy="1.26.0", torch="2.9.1", processor="riscv64")
    (run / "run.json").write_text(json.dumps(record))
    code, line = refused(capsys, "--resume", "--out", run)
    assert code == 6
    assert line.startswith("this run cannot be resumed exactly (") and line.endswith(
        "); restore what differs or start a new run"
    )
    for name, value in (("numpy", "1.26.0"), ("torch", "2.9.1"), ("processor", "riscv64")):
        assert f"{name}: the run has {value}, this machine has " in line
    with pytest.raises(SystemExit) as ended:
        main(["train", "--resume", "--out", str(run), "--allow-inexact"])
    assert ended.value.code == 0


def test_tokenizer_of_the_run_that_was_exchanged(run, capsys):
    """Inexactness is one thing, other tokens another: no option allows them."""
    had = json.loads((run / "run.json").read_bytes())["tokenizer"]
    train_400_entries(["Nothing of the kind was ever said, nor will it be."] * 9, run / "tokenizer/tokenizer.json")
    code, line = refused(capsys, "--resume", "--out", run, "--allow-inexact")
    assert code == 6 and f"tokenizer: the run has {had}, found " in line


def test_corpus_that_changed_since_the_run_began(config, tmp_path, capsys):
    own = tmp_path / "own.txt"
    own.write_text(Path(config.data[0]).read_text(encoding="utf-8"), encoding="utf-8")
    loop.train(replace(config, data=(str(own),), steps=2))
    with own.open("a", encoding="utf-8") as file:
        file.write("One more line.\n")
    assert refused(capsys, "--resume", "--out", config.out) == (
        6,
        f"this run cannot be resumed exactly (--data {own}: it has changed since the run began); "
        "restore what differs or start a new run",
    )


def test_checkpoints_all_damaged(run, capsys):
    """Each is named with its reason, and nothing is deleted."""
    kept = sorted((run / "checkpoints").iterdir())
    (kept[0] / "manifest.json").unlink()
    weights = kept[1] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    for other in kept[2:]:
        (other / "optimizer.safetensors").unlink()
    code, line = refused(capsys, "--resume", "--out", run)
    assert code == 3
    assert line.startswith(f"{run}/checkpoints: no usable checkpoint; start a new run with another --out (")
    size = len(weights.read_bytes())
    assert f"{kept[0]}: manifest.json is missing or damaged; this directory cannot be used" in line
    assert f"{weights}: {size} bytes where the manifest says {size + 1}" in line
    assert sorted((run / "checkpoints").iterdir()) == kept


def test_checkpoint_of_another_run(run, finished_run, config, tmp_path, capsys):
    """Swapped by hand: its own manifest is right, its run is not."""
    other = replace(config, out=str(tmp_path / "other"), seed=1)
    loop.train(other)
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(Path(other.out) / "checkpoints", run / "checkpoints")
    code, line = refused(capsys, "--resume", "--out", run)
    assert code == 3 and line.count("it belongs to another run") == len(list((run / "checkpoints").iterdir()))


def test_loss_that_is_not_a_number(config, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", *options(replace(config, checkpoint_every=1)), "--weight-decay", "1e30"])
    line = capsys.readouterr().err.splitlines()[-1].removeprefix("error: ")
    assert documented(ended.value.code, line)[0] == 3
    assert re.fullmatch(
        r"step \d went out of bounds \(loss nan, gradient norm nan\); the last checkpoint is kept; "
        "start a new run with a lower --lr and --muon-lr",
        line,
    )
    steps = [event["step"] for event in read_events(Path(config.out) / "events.jsonl") if event["type"] == "step"]
    assert read_manifest(max((Path(config.out) / "checkpoints").iterdir()))["step"] == steps[-1]


def test_too_little_memory(config):
    """A limit on the address space, as a container sets it, and a batch that does not fit below."""
    big = replace(config, batch_size=6000)

    def work():
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 27), now + (1 << 27)))
        call_cli("train", *options(big))()

    with Child(work) as child:
        code, text = child.finish()
    assert documented(code, text.splitlines()[-1].removeprefix("error: ")) == (
        7,
        f"{config.out}: out of memory with 6000 sequences of 32 tokens at a time; start a new run with "
        "--batch-size 3000 --accumulate 4, whose steps learn from as many tokens",
    )
    assert read_events(Path(config.out) / "events.jsonl")[-1]["reason"] == "failed"


def test_run_named_where_a_model_is_wanted(run, capsys):
    line = f"{run}: a training run, not a model; its model is {run}/model"
    assert refused(capsys, "--model", run, "--data", "sample:1", command="evaluate") == (3, line)


def test_tokenizer_named_where_a_model_is_wanted(config, capsys):
    line = (
        f"{config.tokenizer}/config.json: no such file, expected a model's config.json; "
        "this is a tokenizer, not a model; tinylm train makes one with it"
    )
    assert refused(capsys, "--model", config.tokenizer, command="generate") == (3, line)


def test_model_to_go_on_from_that_does_not_fit(config, model_directory, capsys):
    line = (
        f"--init-from {model_directory}: n_head is 4 there, 2 here, block_size is 64 there, 32 here; "
        "leave --tokenizer, --size and the options of the shape away"
    )
    assert refused(capsys, *options(config), "--init-from", model_directory) == (6, line)
    assert not Path(config.out).exists()
