"""What squashing costs, measured: undistorted squares against squares distorted as in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from effnet_viz.engine import weights
from effnet_viz.engine.training.recipe import PhotoSet, right_photos
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, members_of_roles
from effnet_viz.evidence.seeds.hits import as_bits
from effnet_viz.evidence.seeds.paired import Part, between_seeds, combined, contrast
from effnet_viz.evidence.seeds.squash import MEAN, SHAPES, SquashRow, parts
from effnet_viz.scaling.families import ClassroomMember

#: Every so many validation photos one is measured: nine views of each take their time.
EVERY = 3


def part_of(photos: PhotoSet, width: int, height: int) -> PhotoSet:
    """The middle of every photo, ``width × height`` pixels of it; a network sees it as a square."""
    rows, columns = photos.images.shape[-2:]
    top, left = (rows - height) // 2, (columns - width) // 2
    return replace(photos, images=photos.images[..., top : top + height, left : left + width])


def measure_squash(
    photos: PhotoSet,
    checkpoints: Path = CHECKPOINT_DIR,
    on_view: Callable[[str, int, int], None] | None = None,
) -> list[SquashRow]:
    """The whole table: every role that ships, all its seeds together, at every shape upright and
    lying. ``on_view`` gets (network, views done, in total)."""
    views = _views(photos.images.shape[-1])
    groups: dict[tuple[str, int], list[ClassroomMember]] = {}
    for member in members_of_roles(checkpoints):
        groups.setdefault((member.role, member.times), []).append(member)
    found = {
        group: [_of_member(member, photos, views, checkpoints, on_view) for member in members]
        for group, members in groups.items()
    }
    rows = []
    for shape, (undistorted, as_trained) in views.items():
        drops = [
            [
                100 * (each[undistorted].bit_count() - each[as_trained].bit_count()) / len(photos)
                for each in hits
            ]
            for hits in found.values()
        ]
        one_seed, share = between_seeds(drops), 1 / len(found)
        every: list[Term] = []
        for (role, times), hits in found.items():
            ones, others = [h[undistorted] for h in hits], [h[as_trained] for h in hits]
            rows.append(_row(role, times, shape, [(1, ones, others)], len(photos), one_seed))
            every.append((share, ones, others))
        rows.append(_row(MEAN, 0, shape, every, len(photos), one_seed))
    return rows


#: The part of a photo that a network is shown: width and height in pixels.
View = tuple[int, int]

#: A network's weight in a mean, and its seeds' hits of the undistorted and of the other square.
Term = tuple[float, list[int], list[int]]


def _row(
    role: str, times: int, shape: str, terms: list[Term], count: int, one_seed: Part | None
) -> SquashRow:
    said = contrast(
        [part for share, ones, others in terms for part in ((share, ones), (-share, others))],
        count,
        combined([(share, ones) for share, ones, _ in terms], one_seed),
    )
    return SquashRow(
        role=role,
        times=times,
        seeds=sum(len(ones) for _, ones, _ in terms),
        shape=shape,
        undistorted=round(sum(share * _top1(ones, count) for share, ones, _ in terms), 2),
        as_trained=round(sum(share * _top1(others, count) for share, _, others in terms), 2),
        points=round(said.points, 2),
        low=round(said.low, 2),
        high=round(said.high, 2),
        count=count,
    )


def _views(px: int) -> dict[str, tuple[View, View]]:
    """By shape: the undistorted square's part and the square of the same area."""
    found = {}
    for long, short in SHAPES:
        for width, height in ((long, short), (short, long)):
            part, side = parts(width, height, px)
            found[f"{width}:{height}"] = (part, (side, side))
    return found


def _of_member(
    member: ClassroomMember,
    photos: PhotoSet,
    views: dict[str, tuple[View, View]],
    checkpoints: Path,
    on_view: Callable[[str, int, int], None] | None,
) -> dict[View, int]:
    """By view, a bit a photo: 1 where the network gets it right."""
    model = weights.load_model("classroom", member.name, folder=checkpoints)
    wanted = list(dict.fromkeys(view for pair in views.values() for view in pair))
    found = {}
    for number, view in enumerate(wanted, start=1):
        right = right_photos(model.module, part_of(photos, *view), model.spec.resolution_px)
        found[view] = as_bits(right.tolist())
        if on_view:
            on_view(member.name, number, len(wanted))
    return found


def _top1(hits: list[int], count: int) -> float:
    return 100 * sum(h.bit_count() for h in hits) / len(hits) / count
