"""The three sliders of the demo: which stops they have and how their values read."""

from collections.abc import Iterator

from tinylm.demo.slider import Slider
from tinylm.model.sampling import SamplingConfig

__all__ = ["OFF", "sampling_sliders"]

TEMPERATURES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 3.0)
TOP_PS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0)
TOP_KS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1000)
OFF = 1e9  # the right end of the top-k rail: every candidate stays


def sampling_sliders(sampling: SamplingConfig) -> Iterator[Slider]:
    """Yield the sliders `#temperature`, `#top-k` and `#top-p`; further right always means more freedom."""
    yield Slider("t/T temp", TEMPERATURES, sampling.temperature, "{:.2f}".format, id="temperature")
    top_k = float(sampling.top_k) or OFF
    yield Slider(
        "k/K top-k", [*TOP_KS, OFF], top_k, lambda value: "off" if value == OFF else f"{value:.0f}", id="top-k"
    )
    yield Slider("p/P top-p", TOP_PS, sampling.top_p, lambda value: "off" if value >= 1 else f"{value:.2f}", id="top-p")
