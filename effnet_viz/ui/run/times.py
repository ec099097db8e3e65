"""Times one can trust: the surest measurement of each network, shown with the digits it has.

A busy machine only ever adds time. So of two measurements that each agree with themselves the
shorter one is kept, and one that does not agree with itself gives way to any other.
"""

from __future__ import annotations

import math
import threading

import streamlit as st

from effnet_viz.engine.requests import ModelRef
from effnet_viz.evidence.results import Latency

#: The quartiles of a sure measurement lie within this share of its median.
SURE_SPREAD = 0.2
MODELS_KEPT = 500


def spread(latency: Latency) -> float:
    """The distance of the quartiles as a share of the median."""
    return (latency.q3_ms - latency.q1_ms) / latency.median_ms


def is_sure(latency: Latency) -> bool:
    """Whether the passes took about the same time each."""
    return spread(latency) <= SURE_SPREAD


def better(one: Latency, other: Latency) -> Latency:
    """The one to keep of two measurements of the same network."""
    if is_sure(one) and is_sure(other):
        return min(one, other, key=lambda latency: latency.median_ms)
    return min(one, other, key=spread)


def in_words(latency: Latency) -> str:
    """The median with the digits that are sure: two, or one after *about*."""
    sure = is_sure(latency)
    digits = 2 if sure else 1
    places = digits - 1 - math.floor(math.log10(latency.median_ms))
    value = round(latency.median_ms, places)
    places = digits - 1 - math.floor(math.log10(value))  # 0.995 has become 1.0
    rounded = f"{value:.{max(0, places)}f}"
    return f"{rounded}\u00a0ms" if sure else f"about\u00a0{rounded}\u00a0ms"


class Times:
    """The best measurement of each network so far, of all visits."""

    def __init__(self) -> None:
        self._best: dict[ModelRef, Latency] = {}
        self._lock = threading.Lock()

    def noted(self, model: ModelRef, latency: Latency) -> Latency:
        """Take a measurement into account; the best one now."""
        with self._lock:
            best = self._best.get(model)
            best = latency if best is None else better(best, latency)
            self._best[model] = best
            while len(self._best) > MODELS_KEPT:
                self._best.pop(next(iter(self._best)))
            return best

    def forget(self, models: list[ModelRef]) -> None:
        """Measure these anew."""
        with self._lock:
            for model in models:
                self._best.pop(model, None)


@st.cache_resource(show_spinner=False)
def times() -> Times:
    """The measurements that all visits share."""
    return Times()
