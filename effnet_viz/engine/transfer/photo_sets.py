"""Classes of photos, out of files and archives, within bounds. Loads no torch.

Of each photo only the centre square is kept, small, in memory: the part that every network sees.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from PIL import Image

from effnet_viz.engine import images
from effnet_viz.engine.training import imagenette
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

CLASSES = (2, 8)
PHOTOS = (3, 60)
#: The side of what is kept of a photo, the largest input among the listed networks.
KEPT_PX = 448
#: All photos of a visit, as they are kept.
VISIT_BYTES = 48 * 2**20
#: An archive's photos, unpacked.
ARCHIVE_BYTES = 200 * 2**20
ARCHIVE_FILES = 1_000
NAME_LENGTH = 40

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class SetPhoto:
    """One photo's centre square as JPEG ``data``; ``key`` is the sha256 of the file it came in."""

    key: str
    title: str
    data: bytes = field(repr=False, compare=False)

    @property
    def image(self) -> Image.Image:
        """The square, decoded."""
        return images.decode(self.data)


@dataclass(frozen=True, slots=True)
class ClassPhotos:
    """A class: its name and its photos."""

    name: str
    photos: tuple[SetPhoto, ...]


Sets = tuple[ClassPhotos, ...]


def photo_of(data: bytes, title: str) -> SetPhoto:
    """A validated photo's centre square. Raises UserError where the bytes are no photo."""
    return _kept(images.decode(data), hashlib.sha256(data).hexdigest(), title)


def _kept(image: Image.Image, key: str, title: str) -> SetPhoto:
    part = images.crop(image, images.square(*image.size)).convert("RGB")
    if part.width > KEPT_PX:
        part = part.resize((KEPT_PX, KEPT_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = io.BytesIO()
    part.save(buffer, "JPEG", quality=95, subsampling=0)
    return SetPhoto(key, _clean(title) or "photo", buffer.getvalue())


def class_name(text: str) -> str:
    """A class's name as it is shown. Raises UserError where nothing of it is left."""
    name = _clean(text)
    if not name:
        raise UserError("Give the class a name of letters or digits.")
    return name


def _clean(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r"\s+", " ", shown).strip()[:NAME_LENGTH].strip()


def added(
    sets: Sets,
    name: str,
    files: Iterable[tuple[str, bytes]],
    on_progress: Progress | None = None,
) -> tuple[Sets, tuple[str, ...]]:
    """The classes with these files (title, bytes) in the class ``name``, new or there already, and
    a sentence for each file that was left out.

    Raises UserError where there would be too many classes or the name is none.
    """
    name = class_name(name)
    known = {each.name: each for each in sets}
    if name not in known and len(sets) == CLASSES[1]:
        raise UserError(f"There are {CLASSES[1]} classes already; delete one, or add to one.")
    had = known.get(name, ClassPhotos(name, ()))
    where = {photo.key: each.name for each in sets for photo in each.photos}
    room = VISIT_BYTES - sum(len(photo.data) for each in sets for photo in each.photos)
    photos, left_out = list(had.photos), []
    waiting = list(files)
    for number, (title, data) in enumerate(waiting):
        if on_progress is not None:
            on_progress(number, len(waiting))
        shown = _clean(Path(title).name) or "a file"
        key = hashlib.sha256(data).hexdigest()
        if key in where:
            left_out.append(f"{shown} is in {where[key]} already.")
            continue
        if len(photos) == PHOTOS[1]:
            left_out.append(f"{shown}: a class holds at most {PHOTOS[1]} photos.")
            continue
        try:
            photo = photo_of(data, shown)
        except UserError as error:
            left_out.append(f"{shown}: {error}")
            continue
        room -= len(photo.data)
        if room < 0:
            left_out.append(f"{shown}: this visit's {VISIT_BYTES // 2**20} MB are full.")
            break
        where[key] = name
        photos.append(photo)
    if not photos:
        return sets, tuple(left_out)
    full = replace(had, photos=tuple(photos))
    if name in known:
        return tuple(full if each.name == name else each for each in sets), tuple(left_out)
    return (*sets, full), tuple(left_out)


def without(sets: Sets, name: str) -> Sets:
    """The classes but the one of that name."""
    return tuple(each for each in sets if each.name != name)


def by_folder(files: Iterable[tuple[str, bytes]]) -> dict[str, list[tuple[str, bytes]]]:
    """Files by the folder each lies in, which names its class. A path is a label, nothing more:
    no file is ever written. Raises UserError where files lie in no folder."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for path, data in files:
        *folders, title = path.replace("\\", "/").split("/")
        label = _clean(next((each for each in reversed(folders) if _is_label(each)), ""))
        if _is_label(title):
            found.setdefault(label, []).append((title, data))
    if not found:
        raise UserError("There are no photos in it; put those of each class into a folder.")
    if "" in found:
        raise UserError("Put the photos of each class into a folder that bears its name.")
    return found


def _is_label(part: str) -> bool:
    return bool(part) and not part.startswith((".", "__MACOSX")) and not part.endswith(":")


def unpacked(data: bytes) -> list[tuple[str, bytes]]:
    """The files of a zip archive as (path, bytes), read in memory within bounds.

    Raises UserError where it is no zip, is encrypted, or holds more than the bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _members(archive)
    except UserError:
        raise
    except Exception as error:  # each kind of compression meets broken bytes with its own
        raise UserError("This zip archive is damaged or of a kind not read; pack it again.") from (
            error
        )


def _members(archive: zipfile.ZipFile) -> list[tuple[str, bytes]]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    entries = [entry for entry in entries if _is_label(entry.filename.rsplit("/", 1)[-1])]
    if len(entries) > ARCHIVE_FILES:
        raise UserError(f"The archive holds more than {ARCHIVE_FILES:,} files; pack fewer.")
    room, found = ARCHIVE_BYTES, []
    for entry in entries:
        if entry.flag_bits & 1:
            raise UserError("The archive is encrypted; pack the photos without a password.")
        limit = min(room, images.MAX_BYTES)
        with archive.open(entry) as file:
            data = file.read(limit + 1)  # what its head says of its size is not trusted
        if len(data) > limit:
            raise UserError(
                f"The archive unpacks to more than {ARCHIVE_BYTES // 2**20} MB, or a file in it to "
                f"more than {images.MAX_BYTES // 2**20} MB; pack fewer or smaller photos."
            )
        room -= len(data)
        found.append((entry.filename, data))
    return found


def check(sets: Sets) -> None:
    """Return if a head can be trained on these. Raises UserError that says what is missing."""
    if len(sets) < CLASSES[0]:
        raise UserError(f"Add {CLASSES[0]} to {CLASSES[1]} classes; there are {len(sets)}.")
    for each in sets:
        if len(each.photos) < PHOTOS[0]:
            raise UserError(
                f"Give {each.name} at least {PHOTOS[0]} photos; it has {len(each.photos)}."
            )


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: its classes and, in a sentence, what they are."""

    sets: Sets
    said: str


#: Photos or tiles of each class of an example.
EXAMPLE_PHOTOS = 16
_TEXTURES = ("brick", "grass", "gravel")
_SHOWN = ("n03000684", "n03394916", "n03425413")


@lru_cache(maxsize=2)
def example() -> Example:
    """Photos that need nothing: Imagenette's where they are on this machine, else tiles of three of
    scikit-image's pictures. Raises ResourceError where neither is there."""
    try:
        folder = imagenette.data_folder()
    except UserError:
        folder = None
    if folder is not None and all((folder / "val" / wnid).is_dir() for wnid in _SHOWN):
        return Example(
            tuple(_imagenette_class(folder / "val" / wnid) for wnid in _SHOWN),
            f"Imagenette's validation photos, {EXAMPLE_PHOTOS} of each class. The classroom "
            "networks learned these classes from other photos, so this is no new task for them. "
            "ImageNet's networks have even learned from some of these photos.",
        )
    return Example(
        tuple(_texture(name) for name in _TEXTURES),
        f"{EXAMPLE_PHOTOS} tiles, which do not overlap, of each of three pictures of scikit-image "
        "(CC0). Tiles of one picture resemble each other more than photos of a class do.",
    )


def _imagenette_class(folder: Path) -> ClassPhotos:
    files = sorted(folder.glob("*.JPEG"))[:EXAMPLE_PHOTOS]
    photos = tuple(photo_of(file.read_bytes(), file.name) for file in files)
    return ClassPhotos(IMAGENETTE_CLASSES[folder.name], photos)


def _texture(name: str) -> ClassPhotos:
    spec = importlib.util.find_spec("skimage")
    folder = Path((spec.submodule_search_locations or [""])[0]) / "data" if spec else Path()
    try:
        whole = images.decode((folder / f"{name}.png").read_bytes())
    except OSError as error:
        raise ResourceError("scikit-image's pictures are missing; install it again.") from error
    across = round(EXAMPLE_PHOTOS**0.5)
    side = min(whole.size) // across
    tiles = (images.Square(x * side, y * side, side) for y in range(across) for x in range(across))
    return ClassPhotos(
        name,
        tuple(
            _kept(images.crop(whole, tile), f"{name}-{number}", f"{name} {number}")
            for number, tile in enumerate(tiles, 1)
        ),
    )


def labels_of(sets: Sequence[ClassPhotos]) -> tuple[int, ...]:
    """The class number of every photo, class by class."""
    return tuple(number for number, each in enumerate(sets) for _ in each.photos)
