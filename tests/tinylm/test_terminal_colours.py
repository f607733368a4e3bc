"""Every bucket of a heat map is told from every other one, in a terminal of 24 bits, of 256 or 16 colours, and of none.

What a terminal is sent is read back: numbers of colours become light by the tables of xterm and VGA.
"""

import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text

from tinylm.analysis.coloured import coloured_lines, heat_style, key, plain_lines
from tinylm.analysis.heat import N_BUCKETS, WORST_BUCKET, HeatMode, legend
from tinylm.analysis.rows import analyze_text
from tinylm.cli.app import main
from tinylm.model.language_model import LanguageModel

SYSTEMS = ["truecolor", "256", "standard"]
TERMINALS = [("truecolor", "xterm"), ("256", "xterm"), ("standard", "xterm"), ("standard", "vga")]
MANIFEST = json.loads((Path(__file__).parents[2] / "package.json").read_text("utf-8"))
HEAT_MAPS = next(
    part["properties"]["tinylm.heatMap"]["enum"]
    for part in MANIFEST["contributes"]["configuration"]
    if "tinylm.heatMap" in part["properties"]
)

# Machado, Oliveira and Fernandes 2009, severity 1, on linear light; as in extension/test/colours.test.ts.
VISIONS = {
    "trichromat": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
XYZ = np.array([
    [0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505], [0.2126, 0.7152, 0.0722],
    [0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089],
])  # fmt: skip
# Black, red, green, yellow, blue, magenta, cyan, white, then the bright ones: the tables of XTerm-col.ad and of VGA.
SIXTEEN = {
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    "vga": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
}


@pytest.fixture(scope="module")
def model(model_directory):
    return LanguageModel.load(model_directory)


def sent(text, system):
    """What a terminal of this kind gets for a text with styles."""
    out = io.StringIO()
    Console(file=out, force_terminal=True, color_system=system, width=1000).print(text, end="", soft_wrap=True)
    return out.getvalue()


def codes_of(bucket, odd, system):
    """The numbers of the escape sequence before a cell."""
    return re.match(r"\x1b\[([\d;]+)mx", sent(Text("x", heat_style(bucket, odd=odd, colours=system)), system))[1]


def light_of(codes, theme):
    """The linear light of ink and paper, (2, 3), from the numbers of an escape sequence."""
    table = [bytes.fromhex(each) for each in SIXTEEN[theme].split()]
    parts, found = [int(code) for code in codes.split(";")], {}
    while parts:
        code = parts.pop(0)
        if code in (38, 48) and parts.pop(0) == 2:
            found[code], parts = parts[:3], parts[3:]
        elif code in (38, 48):
            number = parts.pop(0) - 16
            assert 0 <= number < 216, "a theme may change what is below 16; greys are not used"
            found[code] = [(0, 95, 135, 175, 215, 255)[number // step % 6] for step in (36, 6, 1)]
        elif code != 4:  # underlined
            place, first = (38, 30) if code % 60 < 40 else (48, 40)
            found[place] = table[code - first - 60 + 8 if code >= 90 else code - first]
    share = np.array([list(found[38]), list(found[48])]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light, vision):
    """CIE L*a*b* (D65) of what an eye makes of linear light, (..., 3)."""
    x, y, z = np.moveaxis(np.clip(light @ np.array(VISIONS[vision]).T, 0, 1) @ XYZ.T, -1, 0)
    x, y, z = (np.where(part > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116) for part in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_bucket_has_codes_of_its_own_even_and_odd(system):
    codes = [codes_of(bucket, odd, system) for bucket in range(N_BUCKETS) for odd in (False, True)]
    assert len(set(codes)) == 2 * N_BUCKETS
    if system != "truecolor":  # where shades fall together, odd cells have the same colours and are underlined
        assert codes[1::2] == [f"4;{even}" for even in codes[::2]]


@pytest.mark.parametrize(
    ("system", "theme"), [("truecolor", "xterm"), ("256", "xterm"), ("standard", "xterm"), ("standard", "vga")]
)
def test_buckets_go_one_way_in_lightness_and_text_on_them_is_legible(system, theme):
    light = np.array([light_of(codes_of(bucket, False, system), theme) for bucket in range(N_BUCKETS)])
    lightness = lab(light[:, 1], "trichromat")[:, 0]
    assert (np.diff(lightness[:WORST_BUCKET]) < -1).all(), lightness
    dark, bright = np.sort(light @ XYZ[1], axis=1).T
    assert ((bright + 0.05) / (dark + 0.05) >= 4.5).all()


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(
    ("system", "theme"), [("truecolor", "xterm"), ("256", "xterm"), ("standard", "xterm"), ("standard", "vga")]
)
def test_buckets_are_told_apart_also_by_colour_blind_eyes(system, theme, vision):
    """2.3 is just noticeable (CIE 1976); "worse than a uniform guess" stands out more than that."""
    papers = lab(np.array([light_of(codes_of(bucket, False, system), theme)[1] for bucket in range(N_BUCKETS)]), vision)
    apart = np.linalg.norm(papers[:, None] - papers[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= 5
    assert apart[WORST_BUCKET].min() >= 15


@pytest.fixture
def ladder(model):
    """Returns a function that analyzes a line whose tokens fall into every bucket in turn, the last being undefined."""
    scale = math.log2(model.tokenizer.vocab_size)
    bits = [*((bucket + 0.5) * scale / 6.5 for bucket in range(6)), scale * 0.99, scale + 1, math.nan]

    def analyzed():
        result = analyze_text(model, "Once upon a time there was a small fox named Pip who lived near a river.", 0)
        rows = [replace(row, logprob=-bits[row.index % len(bits)] * math.log(2)) for row in result.rows]
        assert len(rows) >= 2 * len(bits)
        result.rows = iter(rows)
        return result

    return analyzed


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_key_has_the_colours_of_the_text(ladder, system):
    """Its entries are the buckets in order, then the undefined; odd cells differ as it says."""
    shown, *_, last = coloured_lines(ladder(), colours=system)
    entries = [(last.plain[span.start : span.end].strip(), span.style) for span in last.spans]
    expected = [*legend(HeatMode.surprisal, 400), (None, "undefined")]
    assert [label for label, _ in entries] == [label for _, label in expected]
    for number, span in enumerate(shown.spans):
        bucket = expected[number % len(expected)][0]
        odd = heat_style(bucket, odd=True, colours=system)
        assert span.style == (odd if number % 2 else entries[number % len(expected)][1])
    differs = "a shade darker" if system == "truecolor" else "underlined"
    assert last.plain.endswith(f"; every other token is {differs}")


def test_without_colour_marks_say_the_same(ladder):
    """As with NO_COLOR and in a pipe: a mark before each token, and what each stands for."""
    shown, *_, last = plain_lines(ladder())
    marks = re.findall(r"[^\w .]", shown)
    n_marks = N_BUCKETS + 1
    assert len(set(marks[:n_marks])) == n_marks and marks[n_marks:] == marks[:-n_marks]
    labels = [*(label for _, label in legend(HeatMode.surprisal, 400)), "undefined"]
    said = "".join(f"  {mark} {label}" for mark, label in zip(marks, labels, strict=False))
    assert last == f"Surprisal (bits):{said}"


@pytest.mark.parametrize("name", HEAT_MAPS)
def test_every_heat_map_of_the_editor_has_its_name_here(model, tmp_path, capfd, name):
    file = tmp_path / "text.txt"
    file.write_text("Once upon")
    mode = None if name == "off" else HeatMode(name)
    for words in ([], ["--format", "html"]):
        with pytest.raises(SystemExit) as left:
            main(["analyze", str(file), "--model", str(model.path), "--heat", name, *words])
        out = capfd.readouterr().out
        assert left.value.code == 0
        if words:
            assert f'id="{"boundaries" if mode is None else name}" checked' in out
        else:
            assert out.splitlines()[-1] == key(mode, 400, None).plain


def test_generated_tokens_have_the_key_too(model, capfd, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLORTERM": ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main(["generate", "--model", str(model.path), "--seed", "1", "--max-tokens", "9", "--show-tokens"])
    last = capfd.readouterr().out.splitlines()[-1]
    assert last == sent(key(HeatMode.surprisal, 400, "standard"), "standard")
