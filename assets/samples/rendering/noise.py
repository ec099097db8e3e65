"""Seeded value noise: smooth random fields without state, the same on every run and machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Numbers, nearly always float32; one column per point where a function takes points.
Array = NDArray[np.floating[Any]]

LOW = np.uint64(0xFFFFFFFF)


def white(*lattice: NDArray[np.int64], seed: int = 0) -> Array:
    """One uniform number in [0, 1) per integer lattice point: a hash with murmur3's mixer."""
    mixed: NDArray[np.uint64] = np.full(
        lattice[0].shape, (seed * 0x9E3779B9 + 0x7F4A7C15) & 0xFFFFFFFF, np.uint64
    )
    for axis in lattice:
        mixed = (mixed ^ (axis.astype(np.int64).astype(np.uint64) & LOW)) * np.uint64(0x85EBCA6B)
        mixed &= LOW
        mixed ^= mixed >> np.uint64(13)
        mixed = (mixed * np.uint64(0xC2B2AE35)) & LOW
        mixed ^= mixed >> np.uint64(16)
    return (mixed.astype(np.float64) / 2**32).astype(np.float32)


def value(*coordinates: Array, seed: int = 0) -> Array:
    """Value noise in [0, 1] at points given by one array per axis; features are one unit wide."""
    cells = [np.floor(c).astype(np.int64) for c in coordinates]
    weights = []
    for coordinate, cell in zip(coordinates, cells, strict=True):
        f = (coordinate - cell).astype(np.float32)
        weights.append(f * f * (3 - 2 * f))
    total = np.zeros(np.broadcast_shapes(*(c.shape for c in cells)), np.float32)
    for corner in range(2 ** len(cells)):
        weight: Array = np.ones((), np.float32)
        at = []
        for axis, cell in enumerate(cells):
            upper = corner >> axis & 1
            weight = weight * (weights[axis] if upper else 1 - weights[axis])
            at.append(cell + upper)
        total += weight * white(*at, seed=seed)
    return total


def fractal(*coordinates: Array, octaves: int = 5, seed: int = 0) -> Array:
    """Octaves of value noise, each half as strong and twice as fine; mean 0.5, within [0, 1]."""
    total = np.zeros(coordinates[0].shape, np.float32)
    for octave in range(octaves):
        scaled = [c * np.float32(2**octave) + 17.3 * octave for c in coordinates]
        total += value(*scaled, seed=seed + octave) * np.float32(0.5 ** (octave + 1))
    return total / np.float32(1 - 0.5**octaves)
