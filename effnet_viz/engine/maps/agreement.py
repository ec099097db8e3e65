"""How alike are the maps of two networks? Measured on boxed photos that no training sees.

Every network makes its last stage's Grad-CAM map for a photo's true class. All maps are brought to
the cells of the baseline's, the coarsest, where these lie, and compared by Spearman's rank
correlation. As a control each is also compared with the other's map of another photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, combinations_with_replacement, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from effnet_viz.engine import weights
from effnet_viz.engine.maps import cam, metrics
from effnet_viz.engine.maps.attention import open_photo
from effnet_viz.engine.maps.placing import resampled
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, members_of_roles
from effnet_viz.evidence.seeds.agreement import AgreementRow
from effnet_viz.evidence.splits import BoxedPhoto
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.centres import cell_centres
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, ROLES, ClassroomMember

Array = NDArray[np.float64]

#: A network's maps, one a photo; None where it is no evidence.
Maps = Sequence[Array | None]


def measure_agreement(
    folder: Path,
    photos: Sequence[BoxedPhoto],
    *,
    checkpoints: Path = CHECKPOINT_DIR,
    on_photo: Callable[[str, int, int], None] | None = None,
) -> list[AgreementRow]:
    """The whole table, of every role and seed that ships. ``on_photo`` gets (network, photos done,
    in total). Raises UserError where a photo is missing."""
    found: dict[str, list[Maps]] = {}
    for member in members_of_roles(checkpoints):
        maps = maps_of(member, folder, photos, checkpoints, on_photo)
        found.setdefault(member.role, []).append(maps)
    return compared(found)


def maps_of(
    member: ClassroomMember,
    folder: Path,
    photos: Sequence[BoxedPhoto],
    checkpoints: Path = CHECKPOINT_DIR,
    on_photo: Callable[[str, int, int], None] | None = None,
) -> Maps:
    """A network's maps on the cells of the baseline's last stage."""
    model = weights.load_model("classroom", member.name, folder=checkpoints)
    onto = cell_centres(CLASSROOM_BASELINE)[-1]
    cells = round(onto.side_px / onto.step_px)
    classes, maps = list(IMAGENETTE_CLASSES), []
    for number, photo in enumerate(photos, start=1):
        target = classes.index(photo.wnid)
        result = cam.compute_cam(model, open_photo(folder, photo), target_class=target)
        raw = np.asarray(result.raw, dtype=np.float32)
        placed = resampled(raw, result.centres, cells, onto=onto).astype(np.float64)
        maps.append(placed if result.evidence else None)
        if on_photo:
            on_photo(member.name, number, len(photos))
    return maps


def compared(found: Mapping[str, Sequence[Maps]]) -> list[AgreementRow]:
    """The table of maps by role: seeds of one role first, then pairs of roles."""
    roles = [role for role in ROLES if role in found]
    pairs = [
        (one, other)
        for one, other in combinations_with_replacement(roles, 2)
        if one != other or len(found[one]) > 1
    ]
    alike: dict[tuple[str, str], Array] = {
        pair: _photo_by_photo(_networks(found, *pair)) for pair in pairs
    }
    ordered = sorted(pairs, key=lambda pair: pair[0] != pair[1])
    return [_row(found, pair, alike[pair], _of_seeds(alike, pair)) for pair in ordered]


def _of_seeds(alike: Mapping[tuple[str, str], Array], pair: tuple[str, str]) -> Array | None:
    """How alike seeds of these roles are, mean of those that have several; None if neither has."""
    known = [alike[role, role] for role in dict.fromkeys(pair) if (role, role) in alike]
    return np.asarray(np.mean(known, axis=0)) if known else None


def _networks(found: Mapping[str, Sequence[Maps]], one: str, other: str) -> list[tuple[Maps, Maps]]:
    """The pairs of networks of two roles, or of one role's seeds."""
    if one == other:
        return list(combinations(found[one], 2))
    return list(product(found[one], found[other]))


def _photo_by_photo(networks: Sequence[tuple[Maps, Maps]], shift: int = 0) -> Array:
    """Mean rank correlation over pairs of networks, one value a photo, NaN where a map is no
    evidence or has no ranks; ``shift`` compares with the map of the photo so many places on."""
    every = []
    for ones, others in networks:
        moved = [*others[shift:], *others[:shift]]
        every.append([_correlation(a, b) for a, b in zip(ones, moved, strict=True)])
    return np.asarray(np.mean(every, axis=0))


def _correlation(one: Array | None, other: Array | None) -> float:
    if one is None or other is None:
        return np.nan
    found = metrics.rank_correlation(one, other)
    return np.nan if found is None else found


def _row(
    found: Mapping[str, Sequence[Maps]], pair: tuple[str, str], values: Array, seeds: Array | None
) -> AgreementRow:
    networks = _networks(found, *pair)
    mean, low, high, count = _mean(values)
    over = (None, None, None) if seeds is None else _mean(values - seeds)[:3]
    return AgreementRow(
        one=pair[0],
        other=pair[1],
        pairs=len(networks),
        mean=mean,
        low=low,
        high=high,
        elsewhere=_mean(_photo_by_photo(networks, len(values) // 2))[0],
        over_seeds=over[0],
        over_seeds_low=over[1],
        over_seeds_high=over[2],
        count=count,
    )


def _mean(values: Array) -> tuple[float, float, float, int]:
    there = values[~np.isnan(values)]
    low, high = metrics.bootstrap_interval(there, seed=0)
    mean, low, high = (round(each, 3) for each in (float(there.mean()), low, high))
    return mean, low, high, len(there)
