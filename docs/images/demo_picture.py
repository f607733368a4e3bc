"""Draw docs/images/demo.svg, the README's picture of `tinylm demo`: `python docs/images/demo_picture.py [MODEL]`.

It runs the real app and stops at a place with several likely candidates. The SVG names no remote font, so that a
reader's machine fetches nothing; the glyphs keep their columns because every text carries its length.
"""

import asyncio
import re
import sys
from pathlib import Path

from tinylm.demo.app import DemoApp
from tinylm.model.language_model import LanguageModel, starter_model_directory
from tinylm.model.sampling import SamplingConfig
from tinylm.session.session import Session

OUT = Path(__file__).with_name("demo.svg")
SIZE = (100, 28)
PROMPT = "Once upon a time"
SEED = 7
N_TOKENS = range(45, 120)  # enough text to look at
N_SURVIVORS = range(4, 8)  # enough candidates to choose from, and some that are cut
MONOSPACE = '"Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace'


async def draw(model: LanguageModel, name: str) -> str:
    """Return the SVG of the app at a good moment."""
    sampling = SamplingConfig(temperature=0.8, top_k=40, top_p=0.95, seed=SEED)
    session = Session(model.tokenizer, model.decoder, prompt=PROMPT, sampling=sampling)
    app = DemoApp(session, name, pace=0.5)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("space")  # it would go on by itself
        while not is_good(session) and not session.ended:
            session.step()
        app.show()
        await pilot.pause(0.5)  # the panes scroll after the layout
        return without_remote_fonts(app.export_screenshot(title="tinylm demo"))


def is_good(session: Session) -> bool:
    """Return whether the draw falls on a survivor that is not the greedy choice."""
    outlook = session.outlook()
    falls = outlook.chosen_by(session.draw())
    return session.n_generated in N_TOKENS and outlook.n_survivors in N_SURVIVORS and falls > 0


def without_remote_fonts(svg: str) -> str:
    """Return the SVG with its web fonts taken out and installed ones named instead."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!-- Generated.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"font-family: Fira Code, monospace", f"font-family: {MONOSPACE}", svg)
    assert re.findall(r"https?://[^\"\s<)]+", svg) == ["http://www.w3.org/2000/svg"], "the picture points elsewhere"
    return svg


def main() -> None:
    """Draw with the model named on the command line, else with the starter model."""
    directory = Path(sys.argv[1]) if sys.argv[1:] else starter_model_directory()
    model = LanguageModel.load(directory)
    svg = asyncio.run(draw(model, f"starter, {model.engine.n_params / 1e6:.1f} M parameters"))
    OUT.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
