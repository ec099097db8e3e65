"""Signed distances. A shape is a function from points ``(3, N)`` to distances ``(N,)`` in metres.

Formulas: Inigo Quilez, "Distance functions" (the mathematics; the code is this project's own).
Axes: x right, y up, z towards the viewer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from rendering.noise import Array

Shape = Callable[[Array], Array]
Vector = tuple[float, float, float]


def column(v: Sequence[float]) -> Array:
    """A vector as ``(3, 1)``, to broadcast over points."""
    return np.asarray(v, np.float32).reshape(3, 1)


def length(p: Array) -> Array:
    """Euclidean length of ``(3, N)`` or ``(2, N)`` vectors."""
    return np.sqrt(np.einsum("ij,ij->j", p, p))


def sphere(centre: Vector, radius: float) -> Shape:
    """A ball."""
    return lambda p: length(p - column(centre)) - radius


def ellipsoid(centre: Vector, radii: Vector) -> Shape:
    """An ellipsoid (a bound on the distance, exact at the surface)."""

    def distance(p: Array) -> Array:
        q = p - column(centre)
        k0 = length(q / column(radii))
        k1 = length(q / column(radii) ** 2)
        return k0 * (k0 - 1) / np.maximum(k1, 1e-6)

    return distance


def box(centre: Vector, size: Vector, rounding: float = 0.0) -> Shape:
    """A box of full edge lengths ``size`` whose edges are rounded inside it."""
    half = column(size) / 2 - rounding

    def distance(p: Array) -> Array:
        q = np.abs(p - column(centre)) - half
        outside = length(np.maximum(q, 0))
        return outside + np.minimum(q.max(axis=0), 0) - rounding

    return distance


def cylinder(start: Vector, end: Vector, radius: float, rounding: float = 0.0) -> Shape:
    """A solid cylinder between two points, with flat ends."""
    a, b = column(start), column(end)
    height = float(length(b - a)[0])
    axis = (b - a) / height

    def distance(p: Array) -> Array:
        along = ((p - a) * axis).sum(axis=0)
        across = length(p - a - axis * along)
        q = np.stack(
            [across - radius + rounding, np.abs(along - height / 2) - height / 2 + rounding]
        )
        return length(np.maximum(q, 0)) + np.minimum(q.max(axis=0), 0) - rounding

    return distance


def cone(start: Vector, end: Vector, radius_start: float, radius_end: float) -> Shape:
    """A rod whose radius runs linearly between two points, with round ends (nearly exact)."""
    a, b = column(start), column(end)
    axis = b - a
    squared = float((axis**2).sum())

    def distance(p: Array) -> Array:
        h = np.clip(((p - a) * axis).sum(axis=0) / squared, 0, 1)
        return length(p - a - axis * h) - (radius_start + (radius_end - radius_start) * h)

    return distance


def rod(start: Vector, end: Vector, radius: float) -> Shape:
    """A capsule between two points."""
    return cone(start, end, radius, radius)


def chain(points: Sequence[Vector], radius: float) -> Shape:
    """Capsules along a polyline: a hose or a bent pipe."""
    return union(*(rod(a, b, radius) for a, b in pairwise(points)))


def ring(centre: Vector, radius: float, thickness: float) -> Shape:
    """A torus around the z axis."""

    def distance(p: Array) -> Array:
        q = p - column(centre)
        across = np.sqrt(q[0] ** 2 + q[1] ** 2) - radius
        return np.sqrt(across**2 + q[2] ** 2) - thickness

    return distance


def polygon(outline: Sequence[tuple[float, float]], z_near: float, z_far: float) -> Shape:
    """A polygon in the x-y plane pushed along z between two depths (any simple outline)."""
    corners = np.asarray(outline, np.float32)

    def distance(p: Array) -> Array:
        x, y = p[0], p[1]
        nearest = np.full(x.shape, np.inf, np.float32)
        inside = np.zeros(x.shape, bool)
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            ex, ey = bx - ax, by - ay
            wx, wy = x - ax, y - ay
            h = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
            nearest = np.minimum(nearest, (wx - ex * h) ** 2 + (wy - ey * h) ** 2)
            if ey != 0:
                inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (ex / ey))
        flat = np.sqrt(nearest) * np.where(inside, -1, 1).astype(np.float32)
        deep = np.abs(p[2] - (z_near + z_far) / 2) - abs(z_near - z_far) / 2
        q = np.stack([flat, deep])
        return length(np.maximum(q, 0)) + np.minimum(q.max(axis=0), 0)

    return distance


def turned(shape: Shape, axis: str, degrees: float, pivot: Vector = (0, 0, 0)) -> Shape:
    """The shape rotated about an axis through ``pivot`` (counter-clockwise seen from the tip)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    inverse = np.eye(3, dtype=np.float32)
    inverse[i, i], inverse[i, j], inverse[j, i], inverse[j, j] = c, s, -s, c
    return lambda p: shape(inverse @ (p - column(pivot)) + column(pivot))


def union(*shapes: Shape) -> Shape:
    """All of the shapes."""

    def distance(p: Array) -> Array:
        nearest = shapes[0](p)
        for shape in shapes[1:]:
            nearest = np.minimum(nearest, shape(p))
        return nearest

    return distance


def melted(smoothness: float, *shapes: Shape) -> Shape:
    """The union with seams rounded over about ``smoothness`` metres."""

    def distance(p: Array) -> Array:
        nearest = shapes[0](p)
        for shape in shapes[1:]:
            other = shape(p)
            h = np.maximum(smoothness - np.abs(nearest - other), 0) / smoothness
            nearest = np.minimum(nearest, other) - h * h * (smoothness / 4)
        return nearest

    return distance


def cut(shape: Shape, *holes: Shape) -> Shape:
    """The shape without the holes."""

    def distance(p: Array) -> Array:
        d = shape(p)
        for hole in holes:
            d = np.maximum(d, -hole(p))
        return d

    return distance


def common(*shapes: Shape) -> Shape:
    """Where all the shapes overlap."""

    def distance(p: Array) -> Array:
        d = shapes[0](p)
        for shape in shapes[1:]:
            d = np.maximum(d, shape(p))
        return d

    return distance


def bumpy(shape: Shape, height: Callable[[Array], Array]) -> Shape:
    """The shape with its surface pushed out by ``height(points)`` metres."""
    return lambda p: shape(p) - height(p)
