"""Photos that are named on the command line: files, folders and patterns, one at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from effnet_viz.cli.terminal import print_error, print_note, writing
from effnet_viz.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square

WHAT = "files, folders of photos, or patterns such as 'photos/*.jpg'"


class Photos:
    """The photos that arguments name, read one at a time.

    ``refused`` counts what could not be read; each gets its sentence on standard error, and the
    others go on; so does what is to be known of a photo that is read. ``several`` tells whether
    more than one file may have been meant: anything but a single file's path. ``square`` is the
    part of each photo that is looked at, ``X,Y,SIDE`` in its pixels; None leaves it to the models.
    Raises UserError where it is no square.
    """

    def __init__(self, arguments: Sequence[str], square: str | None = None) -> None:
        from effnet_viz.engine.images import square_from

        self.square = None if square is None else square_from(square)
        self.several = len(arguments) != 1 or _names_several(arguments[0])
        self.refused = 0
        self._arguments = tuple(arguments)

    def __iter__(self) -> Iterator[tuple[str, Image.Image]]:
        """Every readable photo and its path, in the arguments' order; on a terminal with a bar."""
        from tqdm import tqdm

        bar = tqdm(
            self.paths, unit="photo", leave=False, file=sys.stderr,
            disable=None if len(self.paths) > 1 else True,
        )  # fmt: skip
        for path in bar:
            try:
                photo = read_photo(path, self.square)
            except UserError as error:
                self._refuse(error)
            else:
                self._remark(path, photo)
                yield path, photo

    @cached_property
    def paths(self) -> list[str]:
        """The files that the arguments name, in their order; whether each can be read is seen when
        it is."""
        found: list[str] = []
        for argument in self._arguments:
            try:
                found += photo_paths(argument)
            except UserError as error:
                self._refuse(error)
        return found

    def _remark(self, path: str, photo: Image.Image) -> None:
        from effnet_viz.engine import images

        seen = self.square or images.square(*photo.size)
        with writing():
            for sentence in images.remarks(photo, seen, chosen=self.square is not None):
                print_note(f"{path}: {sentence}")

    def _refuse(self, error: UserError) -> None:
        self.refused += 1
        with writing():
            print_error(str(error))


def photo_paths(argument: str) -> list[str]:
    """The files one argument names: itself; a folder's photos, by their names' ends; or what a
    pattern finds (``**`` for folders in folders), where the shell did not expand it. Sorted.

    Raises UserError where a folder or a pattern has none. Whether a file exists is seen when it is
    read.
    """
    from effnet_viz.engine.images import SUFFIXES

    if not _names_several(argument):
        return [argument]
    folder = Path(argument)
    if folder.is_dir():
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            raise UserError(f"{argument} cannot be read: {reason(error)}.") from error
        photos = [
            str(path)
            for path in inside
            if path.suffix.lower() in SUFFIXES and path.is_file() and path.name[0] != "."
        ]
        if not photos:
            raise UserError(f"The folder {argument} has no photos; their names end in .jpg, say.")
        return photos
    found = glob(argument, recursive=True)  # noqa: PTH207  # leaves hidden files out
    matching = sorted(path for path in found if Path(path).is_file())
    if not matching:
        raise UserError(f"No file matches {argument}.")
    return matching


def _names_several(argument: str) -> bool:
    try:
        path = Path(argument)
        return path.is_dir() or (has_magic(argument) and not path.exists())
    except (OSError, ValueError):  # a name that no file can have; `read_photo` says so
        return False


def read_photo(path: str, square: Square | None = None) -> Image.Image:
    """The validated photo in a file. Raises UserError that names the path, also where ``square`` is
    not inside it."""
    from effnet_viz.engine.images import FORMATS, MAX_BYTES, crop, decode

    file = Path(path)
    try:
        if not file.is_file():
            what = "is not a file" if file.exists() else "does not exist"
            raise UserError(f"{path} {what}; give the path of a {FORMATS} image.")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise UserError(
                f"{path} has {size / 1024**2:,.1f} MB; the limit is {MAX_BYTES // 1024**2} MB. "
                "Save it smaller, for example as JPEG."
            )
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"{path!r} cannot be read: {reason(error)}.") from error
    try:
        photo = decode(data)
        if square is not None:
            crop(photo, square)
        return photo
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def reason(error: Exception) -> str:
    """Why a file could not be read or written, in the system's words."""
    return getattr(error, "strerror", None) or str(error)
