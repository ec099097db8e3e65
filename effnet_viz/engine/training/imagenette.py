"""Real photos of the family's ten classes, fetched from their publisher into the user's cache.

The photos are never part of this project. They come as torchvision's `Imagenette` data set;
`effnet_viz.evidence.samples` lists some of them once they are there.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from effnet_viz.engine.download import Progress, Source, verified_file
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.samples import IMAGENETTE_NAME, cache_folder, list_samples

#: The environment variable that names a folder of photos to train on, instead of fetching any.
DATA_VARIABLE = "EFFNET_VIZ_DATA"
#: Set to 1 where who opens the page sits at the server's own machine (`make run`): there a folder
#: may be named on the page.
NAMED_HERE_VARIABLE = "EFFNET_VIZ_NAME_FOLDERS"

_SIZE = "320px"
_MEANWHILE = "The other samples and your own photos work without it."
_fetching = threading.Lock()


def photos_folder(cache: Path | None = None) -> Path:
    """Where the fetched photos lie, as ``train/<wnid>/*.JPEG`` and ``val/<wnid>/*.JPEG``."""
    return (cache or cache_folder()) / IMAGENETTE_NAME


def is_fetched(cache: Path | None = None) -> bool:
    """Whether the photos are there, whole."""
    return photos_folder(cache).is_dir()


def data_folder() -> Path | None:
    """The folder that holds ``train/`` of Imagenette: the one named by EFFNET_VIZ_DATA, else the
    fetched one, else None. Raises UserError where the named one does not hold it."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return checked_folder(named, f"{DATA_VARIABLE} names")
    return photos_folder() if is_fetched() else None


def may_name_folder() -> bool:
    """Whether a visitor may name a folder of this machine on the page."""
    return os.environ.get(NAMED_HERE_VARIABLE) == "1"


def checked_folder(named: str, who: str = "That is") -> Path:
    """A named folder of photos. Raises UserError where it holds no ``train/``."""
    folder = Path(named).expanduser()
    if not (folder / "train").is_dir():
        raise UserError(
            f"{who} {folder}, which has no folder train; name the folder that holds train/ of "
            "Imagenette."
        )
    return folder


def fetch(on_progress: Progress | None = None, cache: Path | None = None) -> Path:
    """The folder of Imagenette's photos at 320 px, fetched and unpacked if they are not there yet.

    About 340 MB to download, and as much again while unpacking. ``on_progress`` gets (bytes done,
    bytes in total). The folder appears in one step, so what is there is whole. Raises ResourceError
    where there is no network (within 2 s), the archive arrives damaged, or the disk is full.
    """
    folder = photos_folder(cache)
    with _fetching:
        if not folder.is_dir():
            with _alone(folder.parent):
                if not folder.is_dir():
                    _fetch(folder, on_progress)
    list_samples.cache_clear()
    return folder


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Of the programs that fetch into a folder one does, the others wait: they would move the
    photos from under each other's hands."""
    from filelock import FileLock

    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / "imagenette.lock")
        lock.acquire()
    except OSError as error:
        raise ResourceError(
            f"Imagenette's photos cannot be written to {cache} ({error}); make the folder "
            f"writable. {_MEANWHILE}"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _fetch(folder: Path, on_progress: Progress | None) -> None:
    from torchvision.datasets import Imagenette

    url, md5 = Imagenette._ARCHIVES[_SIZE]
    staging = folder.parent / "imagenette-unpacking"
    # torchvision finds the verified archive in place and does the rest; its own download reports
    # no progress and never gives up.
    verified_file(
        Source(url, "md5", md5),
        staging,
        what="Imagenette's photos (340 MB)",
        meanwhile=_MEANWHILE,
        on_progress=on_progress,
    )
    shutil.rmtree(staging / IMAGENETTE_NAME, ignore_errors=True)
    try:
        Imagenette(staging, split="val", size=_SIZE, download=True)
        (staging / IMAGENETTE_NAME).replace(folder)
    except (OSError, RuntimeError, EOFError, tarfile.TarError, zlib.error) as error:
        raise ResourceError(
            f"Imagenette's photos could not be unpacked into {folder.parent} ({error}); free some "
            f"space or make the folder writable, and try again. {_MEANWHILE}"
        ) from error
    finally:
        shutil.rmtree(staging / IMAGENETTE_NAME, ignore_errors=True)
    shutil.rmtree(staging, ignore_errors=True)
