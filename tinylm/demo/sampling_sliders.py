"""The sliders of the demo, one for each sampling control: which stops they have and how their values read."""

from collections.abc import Callable, Iterator

from tinylm.demo.slider import Slider
from tinylm.model.sampling import SamplingConfig

__all__ = ["OFF", "rarer_sliders", "sampling_sliders"]

TEMPERATURES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 3.0)
TOP_PS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0)
TOP_KS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1000)
MIN_PS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
REPETITION_PENALTIES = (0.8, 0.9, 1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 2.0)
PRESENCE_PENALTIES = (-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
OFF = 1e9  # the right end of the top-k rail: every candidate stays


def sampling_sliders(sampling: SamplingConfig) -> Iterator[Slider]:
    """Yield the sliders `#temperature`, `#top-k` and `#top-p`; further right always means more freedom."""
    yield Slider("t/T temp", TEMPERATURES, sampling.temperature, "{:.2f}".format, id="temperature")
    top_k = float(sampling.top_k) or OFF
    yield Slider(
        "k/K top-k", [*TOP_KS, OFF], top_k, lambda value: "off" if value == OFF else f"{value:.0f}", id="top-k"
    )
    yield Slider("p/P top-p", TOP_PS, sampling.top_p, lambda value: "off" if value >= 1 else f"{value:.2f}", id="top-p")


def rarer_sliders(sampling: SamplingConfig) -> Iterator[Slider]:
    """Yield `#min-p`, `#typical-p`, `#repetition-penalty` and `#presence-penalty`."""
    yield Slider("m/M min-p", MIN_PS, sampling.min_p, _unless(0.0), id="min-p")
    yield Slider("y/Y typical", TOP_PS, sampling.typical_p, _unless(1.0), id="typical-p")
    repetition, presence = sampling.repetition_penalty, sampling.presence_penalty
    yield Slider("x/X repeat", REPETITION_PENALTIES, repetition, _unless(1.0), id="repetition-penalty")
    yield Slider("v/V presence", PRESENCE_PENALTIES, presence, _unless(0.0), id="presence-penalty")


def _unless(off: float) -> Callable[[float], str]:
    """Return how values read where one of them means off."""
    return lambda value: "off" if value == off else f"{value:g}"
