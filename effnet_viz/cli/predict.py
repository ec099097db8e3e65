"""``predict``: what models say about photos, and which models options choose.

torch is imported when the first photo has been read.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from effnet_viz.cli.cost import DIRECT_OPTIONS, LAW_OPTIONS, given, scaled_network
from effnet_viz.cli.photos import Photos
from effnet_viz.cli.terminal import BAD_INPUT, download_progress, print_json, progress, writing
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import RUNTIME_TITLES
from effnet_viz.scaling import families
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, find_model, scaled_role

if TYPE_CHECKING:
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.evidence.results import Prediction

FAMILIES = (*families.FAMILIES, "custom")


def run_predict(options: Namespace) -> int:
    """Print every chosen model's top classes for every photo; the exit code, that of bad input
    where a photo could not be read."""
    if options.top < 1:
        raise UserError(f"--top must be at least 1, not {options.top}.")
    photos = Photos(options.images, options.square)
    models: list[LoadedModel] = []
    as_json: list[dict[str, Any]] = []
    for path, photo in photos:
        from effnet_viz.engine import inference

        models = models or list(chosen_models(options))
        rows: list[Prediction] = []
        for model in models:
            if not photos.several:
                progress(f"{model.name}: {path}")
            rows.append(inference.predict(model, photo, square=photos.square, top=options.top))
        if options.json:
            as_json += [_prediction_json(path, row) for row in rows]
            continue
        with writing():
            print(f"{path}\n")
            for row in rows:
                _print_prediction(row)
    progress("")
    if models and options.json:
        print_json(as_json)
    elif models:
        print_known_classes(options)
    return BAD_INPUT if photos.refused else 0


def _prediction_json(path: str, row: Prediction) -> dict[str, Any]:
    return {
        "image": path,
        "model": row.model,
        "role": row.role,
        "weights": row.weights,
        "device": row.device,
        "resolution_px": row.resolution_px,
        "latency_ms": round(row.latency.median_ms, 3),
        "top": [
            {"label": c.label, "index": c.index, "probability": c.probability} for c in row.top
        ],
    }


def _print_prediction(row: Prediction) -> None:
    time = row.latency
    print(
        f"  {row.model} ({row.role}), {row.resolution_px} px: {time.median_ms:.1f} ms "
        f"({time.q1_ms:.1f} to {time.q3_ms:.1f}) on {time.device}, {RUNTIME_TITLES[time.runtime]}"
    )
    print(f"  weights: {row.weights}{'' if row.meaningful else '; these classes mean nothing'}")
    for c in row.top:
        print(f"    {100 * c.probability:5.1f} %  {c.label}")
    print(f"  note: {row.note}\n" if row.note else "")


def run_doctor(_options: Namespace) -> bool:
    """Run every check of `effnet_viz.cli.doctor`; False where one failed."""
    from effnet_viz.cli import doctor

    return doctor.report(print)


def chosen_models(options: Namespace) -> Iterator[LoadedModel]:
    """The chosen models, each loaded when its turn comes; all are checked before the first loads.

    Raises UserError for wrong names and for what this machine cannot hold, ResourceError where the
    weights of a model that exists cannot be had.
    """
    from effnet_viz.engine import inference, optimise, weights

    device = optimise.choose_device(options.device)
    if options.family == "custom":
        if options.model not in (None, ["custom"]):
            raise UserError("The custom family has no names; describe its model with --phi, say.")
        result = scaled_network(options)
        inference.guard(result.scaled, device=device)
        role = scaled_role(result.base, result.multipliers)
        yield weights.untrained_model(result.scaled, role=role, device=device)
        return
    scaling = given(options, (*LAW_OPTIONS, *DIRECT_OPTIONS, "variant"))
    if scaling or options.architecture != EFFICIENTNET_B0.name:
        name = next(iter(scaling), "architecture").replace("_", "-")
        raise UserError(
            f"--{name} describes a model of your own; add --family custom, or choose a model of "
            f"the {options.family} family with --model."
        )
    names = dict.fromkeys(options.model or families.FAMILIES[options.family].default)
    entries = [find_model(options.family, name) for name in names]
    for entry in entries:
        inference.guard(entry.spec, name=entry.name, device=device)
    for entry in entries:
        progress(f"{entry.name}: loading")
        on_progress = partial(download_progress, entry.name)
        yield weights.load_model(entry.family, entry.name, device=device, on_progress=on_progress)


def print_known_classes(options: Namespace) -> None:
    """Say what the classroom family's models know, where they were asked."""
    if options.family == "classroom":
        names = ", ".join(IMAGENETTE_CLASSES.values())
        print(f"These models know ten classes only: {names}.")
        print("Any other photo gets one of them too.")
