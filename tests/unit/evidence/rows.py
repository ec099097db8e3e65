"""Rows of a benchmark, made up."""

from effnet_viz.evidence.results import BenchmarkRow, Latency


def row(model, macs, ms, spread=0.0, activations=None, params=None, **other) -> BenchmarkRow:
    latency = Latency(ms, ms - spread, ms + spread, 5, 1, "CPU (test)", 1, "2")
    values = {
        "family": "imagenet", "role": "compound", "resolution_px": 224, "device": "cpu",
        "threads": 1, "batch_size": 1, "peak_memory_bytes": None, "least_memory_bytes": 5,
        "versions": (("torch", "2"),), "date": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    values |= other
    return BenchmarkRow(
        model=model, latency=latency, macs=macs, activations=activations or macs,
        params=params or macs, **values,
    )  # fmt: skip
