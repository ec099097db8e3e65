"""Camera, materials and the ray marcher: scenes of shapes to linear light and depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rendering.noise import Array
from rendering.shapes import Shape, Vector, column, length

FAR = 1e4
Indices = NDArray[np.int16]
Colour = Vector | Callable[[Array], Array]


@dataclass(frozen=True)
class Material:
    """``colour`` is linear RGB, fixed or a function of points; ``gloss`` the strength of a
    highlight as tight as ``shininess``; ``mirror`` the share of light that is a reflection;
    ``translucent`` the share of the sun that shines through from behind."""

    colour: Colour
    gloss: float = 0.0
    shininess: float = 40.0
    mirror: float = 0.0
    translucent: float = 0.0

    def at(self, points: Array) -> Array:
        """Linear RGB ``(3, N)`` at points ``(3, N)``."""
        if callable(self.colour):
            return self.colour(points)
        return np.broadcast_to(column(self.colour), points.shape).astype(np.float32)


@dataclass(frozen=True)
class Part:
    """A shape of one material. ``bound`` (centre, radius), if given, must hold all of it."""

    shape: Shape
    material: Material
    bound: tuple[Vector, float] | None = None

    def distance(self, points: Array) -> Array:
        """Distance to the shape; to its bound where that is still far off."""
        if self.bound is None:
            return self.shape(points)
        d = length(points - column(self.bound[0])) - self.bound[1]
        near = d < 0.1 * self.bound[1]
        if near.any():
            d[near] = self.shape(points[:, near])
        return d


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; ``fov`` is the vertical angle of view in degrees."""

    position: Vector
    target: Vector
    fov: float
    width: int
    height: int
    roll: float = 0.0

    @cached_property
    def axes(self) -> Array:
        """Rows: right, up, backward; ``(3, 3)``."""
        back = (column(self.position) - column(self.target))[:, 0]
        back /= np.linalg.norm(back)
        right = np.cross([0, 1, 0], back)
        right /= np.linalg.norm(right)
        up = np.cross(back, right)
        c, s = np.cos(np.radians(self.roll)), np.sin(np.radians(self.roll))
        return np.stack([c * right + s * up, c * up - s * right, back]).astype(np.float32)

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.height / 2 / float(np.tan(np.radians(self.fov / 2)))

    def rays(self) -> Array:
        """Unit directions ``(3, height * width)``, row by row."""
        x = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal_px
        y = (self.height / 2 - np.arange(self.height) - 0.5) / self.focal_px
        gx, gy = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
        local = np.stack([gx.ravel(), gy.ravel(), np.full(gx.size, -1, np.float32)])
        directions = self.axes.T @ local
        return directions / length(directions)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels ``(2, N)`` and depths ``(N,)`` of points ``(3, N)``."""
        local = self.axes @ (points - column(self.position))
        depth = -local[2]
        safe = np.maximum(depth, 1e-3)
        pixels = np.stack(
            [
                self.width / 2 + local[0] / safe * self.focal_px,
                self.height / 2 - local[1] / safe * self.focal_px,
            ]
        )
        return pixels, depth


@dataclass(frozen=True)
class Light:
    """The sun's direction and colour, and how strong the sky's light is."""

    direction: Vector
    sun: Vector = (3.0, 2.8, 2.5)
    sky: Vector = (0.5, 0.65, 0.9)
    bounce: Vector = (0.2, 0.2, 0.15)
    softness: float = 0.04


@dataclass(frozen=True)
class Scene:
    """Parts over an optional ground plane at ``ground_y``, under ``backdrop(directions)``."""

    parts: tuple[Part, ...]
    light: Light
    backdrop: Callable[[Array], Array]
    ground: Material | None = None
    ground_y: float = 0.0
    bounds: tuple[Vector, Vector] = ((-50, -50, -50), (50, 50, 50))
    haze: float = 0.0
    haze_colour: Vector = (0.6, 0.7, 0.8)
    steps: int = 110

    def nearest(self, points: Array) -> tuple[Array, Indices]:
        """Distance to the nearest part and its index."""
        best = np.full(points.shape[1], FAR, np.float32)
        index = np.zeros(points.shape[1], np.int16)
        for i, part in enumerate(self.parts):
            d = part.distance(points)
            closer = d < best
            best[closer] = d[closer]
            index[closer] = i
        return best, index

    def _interval(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        low, high = column(self.bounds[0]), column(self.bounds[1])
        safe = np.where(np.abs(direction) < 1e-7, 1e-7, direction)
        one, two = (low - origin) / safe, (high - origin) / safe
        return np.maximum(np.minimum(one, two).max(axis=0), 0), np.maximum(one, two).min(axis=0)

    def hit(self, origin: Array, direction: Array) -> tuple[Array, Indices]:
        """Distance along each ray and what is there: a part's index, -1 the ground, -2 nothing."""
        t, end = self._interval(origin, direction)
        what = np.full(t.shape, -2, np.int16)
        limit = np.full(t.shape, FAR, np.float32)
        if self.ground is not None:
            down = direction[1] < -1e-6
            reach = (self.ground_y - origin[1]) / np.where(down, direction[1], -1)
            limit = np.where(down & (reach > 0), reach, FAR).astype(np.float32)
            what[limit < FAR] = -1
        end = np.minimum(end, limit)
        active = np.flatnonzero(t < end)
        for _ in range(self.steps):
            if active.size == 0:
                break
            here = t[active]
            d, index = self.nearest(origin[:, active] + direction[:, active] * here)
            touching = d < 2e-4 + 2e-4 * here
            what[active[touching]] = index[touching]
            limit[active[touching]] = here[touching]
            t[active] = here + d * 0.9
            active = active[~touching & (t[active] < end[active])]
        return limit, what

    def shadow(self, origin: Array, direction: Array) -> Array:
        """How much sun arrives, 0 to 1, with a penumbra as wide as the light is soft."""
        t, end = self._interval(origin, direction)
        t = np.maximum(t, 4e-3)
        lit = np.ones(t.shape, np.float32)
        active = np.flatnonzero(t < end)
        for _ in range(70):
            if active.size == 0:
                break
            here = t[active]
            d, _index = self.nearest(origin[:, active] + direction * here)
            lit[active] = np.minimum(lit[active], np.clip(d / (self.light.softness * here), 0, 1))
            t[active] = here + np.maximum(d, 4e-3)
            active = active[(d > 1e-4) & (t[active] < end[active])]
        return lit * lit * (3 - 2 * lit)

    def openness(self, points: Array, normals: Array, reach: float) -> Array:
        """Ambient light that reaches each point, 0 to 1 (five probes along the normal)."""
        blocked = np.zeros(points.shape[1], np.float32)
        for step in range(1, 6):
            far = reach * step / 5
            d, _index = self.nearest(points + normals * far)
            if self.ground is not None:
                d = np.minimum(d, points[1] + normals[1] * far - self.ground_y)
            blocked += np.maximum(far - d, 0) / far * 0.5**step
        return np.clip(1 - 1.1 * blocked, 0, 1)

    def normals(self, points: Array, what: Indices) -> Array:
        """Unit surface normals ``(3, N)`` from four distances around each point."""
        corners = np.asarray([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)], np.float32)
        result = np.zeros(points.shape, np.float32)
        result[1] = 1
        for i, part in enumerate(self.parts):
            mine = what == i
            if not mine.any():
                continue
            here = points[:, mine]
            total = np.zeros(here.shape, np.float32)
            for corner in corners:
                total += corner[:, None] * part.shape(here + corner[:, None] * 6e-4)
            result[:, mine] = total / np.maximum(length(total), 1e-9)
        return result

    def look(
        self, origin: Array, direction: Array, reach: float = 0.3, bounces: int = 1
    ) -> tuple[Array, Array]:
        """Linear RGB ``(3, N)`` and distance ``(N,)`` for rays from ``origin`` ``(3, N)``."""
        t, what = self.hit(origin, direction)
        rgb = self.backdrop(direction)
        solid = np.flatnonzero(what > -2)
        if solid.size == 0:
            return rgb, t
        points = origin[:, solid] + direction[:, solid] * t[solid]
        rgb[:, solid] = self._shade(points, direction[:, solid], what[solid], reach, bounces)
        if self.haze:
            veil = 1 - np.exp(-self.haze * t[solid])
            rgb[:, solid] += veil * (column(self.haze_colour) - rgb[:, solid])
        return rgb, t

    def _shade(
        self, points: Array, view: Array, what: Indices, reach: float, bounces: int
    ) -> Array:
        normals = self.normals(points, what)
        colour = np.zeros(points.shape, np.float32)
        gloss, shininess, mirror, translucent = np.zeros((4, points.shape[1]), np.float32)
        for i in range(-1, len(self.parts)):
            mine = what == i
            material = self.ground if i < 0 else self.parts[i].material
            if material is None or not mine.any():
                continue
            colour[:, mine] = material.at(points[:, mine])
            gloss[mine], shininess[mine] = material.gloss, material.shininess
            mirror[mine], translucent[mine] = material.mirror, material.translucent
        sun = column(self.light.direction)
        sun = sun / length(sun)
        off = points + normals * 3e-3
        facing = (normals * sun).sum(axis=0)
        lit = np.zeros(facing.shape, np.float32)
        front = facing > 0
        lit[front] = self.shadow(off[:, front], sun)
        direct = np.clip(facing, 0, 1) * lit + translucent * np.clip(-facing, 0, 1)
        ambient = self.openness(off, normals, reach)
        up = 0.5 + 0.5 * normals[1]
        fill = column(self.light.sky) * up + column(self.light.bounce) * (1 - up)
        rgb = colour * (column(self.light.sun) * direct + fill * ambient)
        half = sun - view
        half = half / np.maximum(length(half), 1e-6)
        highlight = np.clip((normals * half).sum(axis=0), 0, 1) ** shininess * lit * gloss
        rgb += column(self.light.sun) * highlight
        edge = (1 - np.clip(-(normals * view).sum(axis=0), 0, 1)) ** 5
        share = np.maximum(mirror, gloss * (0.04 + 0.5 * edge))
        shiny = np.flatnonzero(share > 0.004)
        if shiny.size:
            bounce = view - 2 * (normals * view).sum(axis=0) * normals
            seen = self.backdrop(bounce[:, shiny])
            if bounces:
                deep = mirror[shiny] > 0.15
                picked = shiny[deep]
                if picked.size:
                    seen[:, deep], _t = self.look(
                        off[:, picked], bounce[:, picked], reach, bounces - 1
                    )
            seen = seen * (0.3 + 0.7 * ambient[shiny])
            tint = np.where(mirror[shiny] > 0.15, colour[:, shiny], 1)
            rgb[:, shiny] += share[shiny] * (
                seen * tint - np.where(mirror[shiny] > 0.15, rgb[:, shiny], 0)
            )
        return rgb


def render(scene: Scene, camera: Camera, reach: float = 0.3) -> tuple[Array, Array]:
    """Linear RGB ``(height, width, 3)`` and depth along the view axis ``(height, width)``."""
    directions = camera.rays()
    origin = np.broadcast_to(column(camera.position), directions.shape)
    rgb, t = scene.look(origin, directions, reach)
    depth = t * -(camera.axes[2][:, None] * directions).sum(axis=0)
    shape = camera.height, camera.width
    return rgb.T.reshape(*shape, 3).copy(), depth.reshape(shape)
