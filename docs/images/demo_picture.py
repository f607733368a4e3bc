"""Draw docs/images/demo.gif, a session of `tinylm demo` as it goes: `python docs/images/demo_picture.py [MODEL]`.

It presses keys in the real app, takes a picture after each, and has Chromium rasterise them (CHROMIUM, or the one on
the path). Nothing in it is staged but the keys.
"""

import asyncio
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from textual.pilot import Pilot

from tinylm.demo.app import DemoApp
from tinylm.model.language_model import LanguageModel, starter_model_directory
from tinylm.model.sampling import SamplingConfig
from tinylm.session.session import Session

OUT = Path(__file__).with_name("demo.gif")
SIZE = (100, 28)  # cells
WIDTH = 960  # pixels
MONOSPACE = '"Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace'
KEYS = (
    *["right"] * 22,  # tokens, one by one
    *["T"] * 4,  # hotter: more candidates survive, the draw falls elsewhere
    *["t"] * 7,  # colder
    *["right"] * 6,
    *["left"] * 6,  # back
    "3",  # another candidate, by its number
    *["right"] * 10,
    "b",  # the road not taken
    *["comma"] * 3,  # looking at earlier tokens
)
SLOW, QUICK = 700, 280  # milliseconds a frame


async def frames(model: LanguageModel, name: str) -> list[str]:
    """Return the app as SVG, at the start and after every key."""
    sampling = SamplingConfig(temperature=0.8, top_k=40, top_p=0.95, seed=7)
    session = Session(model.tokenizer, model.decoder, prompt="Once upon a time", sampling=sampling)
    app = DemoApp(session, name, pace=0.5)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("space", "r", "space")  # paused at the prompt's end
        taken = [await picture(app, pilot)]
        for key in KEYS:
            await pilot.press(key)
            taken.append(await picture(app, pilot))
        return taken


async def picture(app: DemoApp, pilot: Pilot[None]) -> str:
    """Return the app as it stands once the panes have scrolled."""
    await pilot.pause(0.2)
    return without_remote_fonts(app.export_screenshot(title="tinylm demo"))


def without_remote_fonts(svg: str) -> str:
    """Return the SVG with its web fonts taken out and installed ones named instead."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!-- Generated.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"font-family: Fira Code, monospace", f"font-family: {MONOSPACE}", svg)
    assert re.findall(r"https?://[^\"\s<)]+", svg) == ["http://www.w3.org/2000/svg"], "the picture points elsewhere"
    return svg


def rasterised(svg: str, chromium: str, folder: Path) -> Image.Image:
    """Return a frame as a picture of WIDTH pixels."""
    page, shot = folder / "frame.html", folder / "frame.png"
    page.write_text(f"<style>body{{margin:0}} svg{{width:{WIDTH}px;display:block}}</style>{svg}", encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},1000"]
    subprocess.run([chromium, *options, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True)
    with Image.open(io.BytesIO(shot.read_bytes())) as opened:
        return opened.convert("RGB").crop((0, 0, WIDTH, round(WIDTH * aspect(svg))))


def aspect(svg: str) -> float:
    """Return height over width, from the view box."""
    width, height = svg.partition('viewBox="0 0 ')[2].partition('"')[0].split()
    return float(height) / float(width)


def main() -> None:
    """Draw with the model named on the command line, else with the starter model."""
    model = LanguageModel.load(Path(sys.argv[1]) if sys.argv[1:] else starter_model_directory())
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is needed: install it, or set CHROMIUM to its path")
    svgs = asyncio.run(frames(model, f"starter, {model.engine.n_params / 1e6:.1f} M parameters"))
    with tempfile.TemporaryDirectory() as folder:
        images = [rasterised(svg, chromium, Path(folder)) for svg in svgs]
    palette = images[len(images) // 2].quantize(64, dither=Image.Dither.NONE)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations = [QUICK if key == "right" else SLOW for key in KEYS]
    flat[0].save(
        OUT, save_all=True, append_images=flat[1:], duration=[1200, *durations[:-1], 3000], loop=0, optimize=True
    )


if __name__ == "__main__":
    main()
