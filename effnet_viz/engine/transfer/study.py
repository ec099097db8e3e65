"""All networks on a class's photos, in the background, with the two controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from effnet_viz.engine.transfer import heads, maps
from effnet_viz.engine.transfer.features import seen
from effnet_viz.engine.transfer.photo_sets import Sets, check, labels_of
from effnet_viz.engine.transfer.results import NetworkResult, TransferStudy
from effnet_viz.scaling.centres import cell_centres
from effnet_viz.scaling.cost import network_cost

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.weights import LoadedModel

#: Photos of each class whose maps are looked at for the border.
MAPPED = 12
#: The share of a network's work that its passes are.
PASSES = 0.7


def transfer(
    task: Background[TransferStudy],
    models: Sequence[tuple[str, LoadedModel]],
    random_control: LoadedModel,
    sets: Sets,
) -> TransferStudy:
    """Features, heads and controls of each model (title, model), and of the first with random
    weights. Raises UserError where the photos do not suffice or a model cannot run."""
    check(sets)
    labels = labels_of(sets)
    kept = [photo for each in sets for photo in each.photos]
    task.report("Reading the photos", 0.0)
    photos = [photo.image for photo in kept]
    work = [*models, (f"{models[0][0]}, random weights", random_control)]
    done = []
    for number, (title, model) in enumerate(work):
        done.append(_network(task, title, model, photos, labels, number, len(work)))
    return TransferStudy(
        tuple(each.name for each in sets),
        labels,
        tuple(photo.title for photo in kept),
        tuple(done[:-1]),
        done[-1],
        heads.folds_in_words(labels),
    )


def _network(
    task: Background[TransferStudy],
    title: str,
    model: LoadedModel,
    photos: Sequence[Image.Image],
    labels: tuple[int, ...],
    number: int,
    count: int,
) -> NetworkResult:
    def report(what: str, share: float) -> None:
        task.report(f"{title}: {what}", (number + share) / count)

    mapped = _first_of_each(labels)
    found = seen(
        model,
        photos,
        keep_maps=mapped,
        on_progress=lambda at, total: report(f"photo {at + 1} of {total}", PASSES * at / total),
    )
    report("leaving photos out", PASSES)
    said = heads.left_out(found.pooled, labels)
    report("the shuffled labels", (1 + PASSES) / 2)
    of_shuffled = heads.right_of_shuffled(found.pooled, labels, number)
    head = heads.fit(found.pooled, labels)
    centres = cell_centres(model.spec)[-1]
    border = []
    for wanted in range(max(labels) + 1):
        of_class = (photo for photo in sorted(mapped) if labels[photo] == wanted)
        shares = [
            share
            for photo in of_class
            if (share := maps.border_share(maps.head_map(found.maps[photo], head, wanted), centres))
            is not None
        ]
        border.append(float(np.mean(shares)) if shares else None)
    return NetworkResult(
        key=f"{model.family}/{model.name}",
        title=title,
        role=model.role,
        weights=model.weights,
        resolution_px=model.spec.resolution_px,
        macs=network_cost(model.spec).macs,
        seconds=found.seconds,
        said=said,
        right=sum(a == b for a, b in zip(said, labels, strict=True)),
        shuffled=of_shuffled,
        head=head,
        border=tuple(border),
    )


def _first_of_each(labels: tuple[int, ...]) -> frozenset[int]:
    return frozenset(
        photo
        for wanted in set(labels)
        for photo in [number for number, label in enumerate(labels) if label == wanted][:MAPPED]
    )
