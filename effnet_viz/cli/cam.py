"""``cam``: where models look, as a table, contact sheets and raw maps.

torch is imported when the first photo has been read.
"""

from __future__ import annotations

import io
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effnet_viz.cli.photos import Photos, reason
from effnet_viz.cli.predict import chosen_models, print_known_classes
from effnet_viz.cli.terminal import BAD_INPUT, print_json, print_table, progress, writing
from effnet_viz.errors import UserError
from effnet_viz.evidence.map_methods import METHODS

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.evidence.results import CamResult

CAM_METHODS = tuple(METHODS)
SHEET_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
ARRAYS_SUFFIX = ".npz"


def run_cam(options: Namespace) -> int:
    """Map one class on each photo with every chosen model, all on one square of it, the centre's
    unless another is given; the exit code, that of bad input where a photo could not be read.

    Of several photos JSON is a list, and sheets and raw maps go to folders.
    """
    photos = Photos(options.images, options.square)
    files = _Files(options.out, options.npz, photos)
    models: list[LoadedModel] = []
    as_json: list[dict[str, Any]] = []
    for path, photo in photos:
        from effnet_viz.engine import images

        models = models or list(chosen_models(options))
        seen = photos.square or images.square(*photo.size)
        maps = _maps(options, models, path, photo, seen, quiet=photos.several)
        written = files.write(path, photo, seen, maps)
        if options.json:
            as_json.append(_maps_json(path, options.method, maps))
            continue
        with writing():
            _print_maps(path, options.method, maps)
            for name in written:
                print(f"wrote {name}")
            if photos.several:
                print()
    progress("")
    if models and options.json:
        print_json(as_json if photos.several else as_json[0])
    elif models:
        print_known_classes(options)
    return BAD_INPUT if photos.refused else 0


def _maps(
    options: Namespace,
    models: Sequence[LoadedModel],
    path: str,
    photo: Image.Image,
    seen: Square,
    *,
    quiet: bool,
) -> list[CamResult]:
    """One map a model, all of the class that was asked for, else of the first model's top one."""
    from effnet_viz.engine import inference
    from effnet_viz.engine.maps import cam

    target: int | None = None
    if options.target_class is not None:
        target = inference.class_index(models[0].classes, options.target_class)
    maps: list[CamResult] = []
    for model in models:
        if not quiet:
            progress(f"{model.name}: {path}")
        found = cam.compute_cam(
            model,
            photo,
            square=seen,
            method=options.method,
            target_class=target,
            target_stage=options.stage,
            on_progress=None if quiet else partial(_passes_progress, model.name),
        )
        target = found.target_index
        maps.append(found)
    if not quiet:
        progress("")
    return maps


def _print_maps(path: str, method: str, maps: Sequence[CamResult]) -> None:
    from effnet_viz.engine.maps import metrics

    kind = METHODS[method]
    print(f"{path}: {kind.title} of {maps[0].target_class}\n{kind.what}\n")
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


class _Files:
    """Where sheets and raw maps go: two files for one photo, two folders for several.

    In a folder a photo's files have its name; where two photos share one, the later gets a number.
    Raises UserError where a place cannot be written to, or where a photo lies in it that would be
    replaced, before anything is computed.
    """

    def __init__(self, out: str | None, npz: str | None, photos: Photos) -> None:
        self.out, self.npz, self.several = out, npz, photos.several
        self._names: set[str] = set()
        if self.several:
            for path, suffixes in ((out, SHEET_SUFFIXES), (npz, (ARRAYS_SUFFIX,))):
                if path is not None:
                    _make_folder(path, suffixes)
            if out and any(
                Path(path).suffix.lower() == SHEET_SUFFIXES[0]
                and _place(path).parent == _place(out)
                for path in photos.paths
            ):
                raise UserError(f"The photos lie in {out}; name another folder for the sheets.")
            return
        for path in filter(None, (out, npz)):
            _check_writable(path)
        if out and Path(out).suffix.lower() not in SHEET_SUFFIXES:
            raise UserError(f"--out must end in {', '.join(SHEET_SUFFIXES)}, not {out!r}.")
        if npz and Path(npz).suffix.lower() != ARRAYS_SUFFIX:
            raise UserError(f"--npz must end in {ARRAYS_SUFFIX}, not {npz!r}.")
        if out and _place(out) in map(_place, photos.paths):
            raise UserError(f"{out} is the photo itself; give another name to write.")

    def write(
        self, path: str, photo: Image.Image, seen: Square, maps: Sequence[CamResult]
    ) -> tuple[str, ...]:
        """Write a photo's files; their paths."""
        out, npz = self.out, self.npz
        if self.several:
            name = self._name(Path(path).stem)
            out = out and str(Path(out) / f"{name}{SHEET_SUFFIXES[0]}")
            npz = npz and str(Path(npz) / f"{name}{ARRAYS_SUFFIX}")
        if out:
            _write_sheet(out, photo, seen, maps)
        if npz:
            _write_arrays(npz, maps)
        return tuple(filter(None, (out, npz)))

    def _name(self, stem: str) -> str:
        number, name = 1, stem
        while name.casefold() in self._names:
            number += 1
            name = f"{stem}-{number}"
        self._names.add(name.casefold())
        return name


def _passes_progress(name: str, done: int, total: int) -> None:
    progress(f"{name}: {done} of {total} passes")


def _maps_json(path: str, method: str, maps: Sequence[CamResult]) -> dict[str, Any]:
    return {
        "image": path,
        "method": method,
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


def _write_sheet(path: str, photo: Image.Image, seen: Square, maps: Sequence[CamResult]) -> None:
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


def _place(path: str) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, ValueError):  # no such file; reading it says so
        return Path(path)


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
        raise UserError(f"{path} cannot be written: {reason(error)}.") from error


def _make_folder(path: str, suffixes: Sequence[str]) -> None:
    folder = Path(path)
    if folder.suffix.lower() in suffixes and not folder.is_dir():
        raise UserError(f"Of several photos the files go to a folder; {path} names one file.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {path} cannot be made: {reason(error)}.") from error
