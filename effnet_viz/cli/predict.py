"""What the commands of `effnet_viz.__main__` do: options in, one engine call, JSON or text out.

torch is imported by the commands that run a network, and only when they start.
"""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effnet_viz.cli.terminal import download_progress, print_json, print_table, progress
from effnet_viz.errors import UserError
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.scaling import families
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, find_model, scaled_role
from effnet_viz.scaling.study import ScaleStudy, study

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.evidence.results import CamResult, Prediction

BASELINES = tuple(ARCHITECTURES)
FAMILIES = (*families.FAMILIES, "custom")
CAM_METHODS = tuple(METHODS)
SHEET_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
LAW_OPTIONS = ("phi", "alpha", "beta", "gamma")
DIRECT_OPTIONS = ("depth", "width", "resolution_px")


def run_cost(options: Namespace) -> None:
    """Print the cost of one scaled architecture."""
    result = scaled_network(options)
    if options.json:
        print_json(result.as_dict())
        return
    m, cost, before = result.multipliers, result.cost, result.base_cost
    print(f"{result.base.name}: depth × {m.depth:g}, width × {m.width:g}, {m.resolution_px} px")
    print(f"parameters       {cost.params:>15,}   {cost.params / before.params:.2f} × the baseline")
    print(
        f"multiply-adds    {cost.macs:>15,}   {result.gap.built_ratio:.2f} × the baseline; "
        f"the law says {result.gap.law_ratio:.2f} ×"
    )
    print(f"activations      {cost.activations:>15,}")
    print(f"receptive field  {cost.receptive_field_px:>15,} px\n")
    header = ("stage", "operator", "px", "out px", "ch", "out ch", "repeats", "params", "MACs")
    rows = []
    for row in cost.stages:
        shapes = (row.in_resolution_px, row.out_resolution_px, row.in_channels, row.out_channels)
        costs = (f"{row.params:,}", f"{row.macs:,}")
        rows.append((row.stage, row.operator, *shapes, row.repeats, *costs))
    print_table(header, rows)


def run_predict(options: Namespace) -> None:
    """Print every chosen model's top classes for every photo."""
    if options.top < 1:
        raise UserError(f"--top must be at least 1, not {options.top}.")
    photos = [read_photo(path) for path in options.images]
    from effnet_viz.engine import inference

    by_photo: list[list[Prediction]] = [[] for _ in photos]
    for model in chosen_models(options):
        for path, photo, rows in zip(options.images, photos, by_photo, strict=True):
            progress(f"{model.name}: {path}")
            rows.append(inference.predict(model, photo, top=options.top))
    progress("")
    if options.json:
        print_json(
            [
                _prediction_json(path, row)
                for path, rows in zip(options.images, by_photo, strict=True)
                for row in rows
            ]
        )
        return
    for path, rows in zip(options.images, by_photo, strict=True):
        print(f"{path}\n")
        for row in rows:
            _print_prediction(row)
    _print_known_classes(options)


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
        f"({time.q1_ms:.1f} to {time.q3_ms:.1f}) on {time.device}"
    )
    print(f"  weights: {row.weights}{'' if row.meaningful else '; these classes mean nothing'}")
    for c in row.top:
        print(f"    {100 * c.probability:5.1f} %  {c.label}")
    print(f"  note: {row.note}\n" if row.note else "")


def run_cam(options: Namespace) -> None:
    """Map one class on one photo with every chosen model, all on the same centre square."""
    for path in filter(None, (options.out, options.npz)):
        _check_writable(path)
    if options.out and Path(options.out).suffix.lower() not in SHEET_SUFFIXES:
        raise UserError(f"--out must end in {', '.join(SHEET_SUFFIXES)}, not {options.out!r}.")
    photo = read_photo(options.image)
    from effnet_viz.engine import images, inference
    from effnet_viz.engine.maps import cam, metrics

    seen = images.square(*photo.size)
    target: int | None = None
    maps: list[CamResult] = []
    for model in chosen_models(options):
        if target is None and options.target_class is not None:
            target = inference.class_index(model.classes, options.target_class)
        progress(f"{model.name}: {options.image}")
        found = cam.compute_cam(
            model,
            photo,
            square=seen,
            method=options.method,
            target_class=target,
            target_stage=options.stage,
            on_progress=partial(_passes_progress, model.name),
        )
        target = found.target_index
        maps.append(found)
    progress("")
    if options.out:
        _write_sheet(options.out, photo, seen, maps)
    if options.npz:
        _write_arrays(options.npz, maps)
    if options.json:
        print_json(_maps_json(options, maps))
        return
    kind = METHODS[options.method]
    print(f"{options.image}: {kind.title} of {maps[0].target_class}\n{kind.what}\n")
    header = ("model", "role", "px", "stage", "grid", "probability", "raw max", "weights", "")
    rows = []
    for m in maps:
        grid, share = f"{m.grid[0]}×{m.grid[1]}", f"{100 * m.probability:.1f} %"
        evidence = "" if m.evidence and m.meaningful else "no evidence"
        where = (m.resolution_px, m.target_stage, grid)
        rows.append((m.model, m.role, *where, share, f"{m.raw_max:.3g}", m.weights, evidence))
    print_table(header, rows)
    print()
    for m in maps:
        print(f"{m.model}: {metrics.in_words(m)}")
    for note in dict.fromkeys(m.note for m in maps if m.note):
        print(f"note: {note}")
    for path in filter(None, (options.out, options.npz)):
        print(f"wrote {path}")
    _print_known_classes(options)


def _passes_progress(name: str, done: int, total: int) -> None:
    progress(f"{name}: {done} of {total} passes")


def _maps_json(options: Namespace, maps: Sequence[CamResult]) -> dict[str, Any]:
    return {
        "image": options.image,
        "method": options.method,
        "target_class": maps[0].target_class,
        "models": [
            {
                "model": m.model,
                "role": m.role,
                "weights": m.weights,
                "resolution_px": m.resolution_px,
                "target_stage": m.target_stage,
                "grid": list(m.grid),
                "raw_max": m.raw_max,
                "probability": m.probability,
            }
            for m in maps
        ],
    }


def _write_sheet(path: str, photo: Image.Image, seen: Any, maps: Sequence[CamResult]) -> None:
    from effnet_viz.figures.sheets import contact_sheet

    data = io.BytesIO()
    kind = Path(path).suffix.lower().lstrip(".").replace("jpg", "jpeg")
    contact_sheet(photo, maps, seen=seen).save(data, format=kind)
    _write(path, data.getvalue())


def _write_arrays(path: str, maps: Sequence[CamResult]) -> None:
    import numpy as np

    data = io.BytesIO()
    arrays: dict[str, Any] = {m.model: np.asarray(m.raw, dtype=np.float32) for m in maps}
    np.savez(data, **arrays)
    _write(path, data.getvalue())


def run_doctor(_options: Namespace) -> bool:
    """Run every check of `effnet_viz.cli.doctor`; False where one failed."""
    from effnet_viz.cli import doctor

    return doctor.report(print)


def scaled_network(options: Namespace) -> ScaleStudy:
    """The scaled network the options describe; without any, the baseline itself.

    Raises UserError where they describe it in two ways or out of range.
    """
    law, direct = _given(options, LAW_OPTIONS), _given(options, DIRECT_OPTIONS)
    if sum(map(bool, (law, direct, options.variant))) > 1:
        raise UserError(
            "Scale in one way: by --phi (with --alpha, --beta, --gamma), by --depth, --width and "
            "--resolution-px, or by --variant."
        )
    if law and "phi" not in law:
        raise UserError(f"--{next(iter(law))} has no effect without --phi; give --phi as well.")
    return study(options.architecture, variant=options.variant, **law, **direct)


def _given(options: Namespace, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def chosen_models(options: Namespace) -> Iterator[LoadedModel]:
    """The chosen models, each loaded when its turn comes; all are checked before the first loads.

    Raises UserError for wrong names and for what this machine cannot hold, ResourceError where the
    weights of a model that exists cannot be had.
    """
    from effnet_viz.engine import inference, weights

    device = inference.choose_device(options.device)
    if options.family == "custom":
        if options.model not in (None, ["custom"]):
            raise UserError("The custom family has no names; describe its model with --phi, say.")
        result = scaled_network(options)
        inference.guard(result.scaled, device=device)
        role = scaled_role(result.base, result.multipliers)
        yield weights.untrained_model(result.scaled, role=role, device=device)
        return
    scaling = _given(options, (*LAW_OPTIONS, *DIRECT_OPTIONS, "variant"))
    if scaling or options.architecture != EFFICIENTNET_B0.name:
        name = next(iter(scaling), "architecture").replace("_", "-")
        raise UserError(
            f"--{name} describes a model of your own; add --family custom, or choose a model of "
            f"the {options.family} family with --model."
        )
    names = dict.fromkeys(options.model or families.FAMILIES[options.family].default)
    entries = [find_model(options.family, name) for name in names]
    for entry in entries:
        inference.guard(entry.spec, device=device)
    for entry in entries:
        progress(f"{entry.name}: loading")
        on_progress = partial(download_progress, entry.name)
        yield weights.load_model(entry.family, entry.name, device=device, on_progress=on_progress)


def read_photo(path: str) -> Image.Image:
    """The validated photo in a file. Raises UserError that names the path."""
    from effnet_viz.engine.images import MAX_BYTES, decode

    file = Path(path)
    try:
        if not file.is_file():
            what = "is not a file" if file.exists() else "does not exist"
            raise UserError(f"{path} {what}; give the path of a JPEG, PNG or WebP image.")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise UserError(
                f"{path} has {size / 1024**2:,.1f} MB; the limit is {MAX_BYTES // 1024**2} MB. "
                "Save it smaller, for example as JPEG."
            )
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"{path!r} cannot be read: {_reason(error)}.") from error
    try:
        return decode(data)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _check_writable(path: str) -> None:
    folder = Path(path).parent
    if not folder.is_dir():
        raise UserError(f"{path} cannot be written: there is no folder {folder}.")
    if Path(path).is_dir():
        raise UserError(f"{path} is a folder; give the name of a file to write.")


def _write(path: str, data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _print_known_classes(options: Namespace) -> None:
    if options.family == "classroom":
        names = ", ".join(IMAGENETTE_CLASSES.values())
        print(f"These models know ten classes only: {names}.")
        print("Any other photo gets one of them too.")
