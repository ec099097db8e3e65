"""Which validation photos each shipped network got right, one small file a network.

``assets/results/classroom-hits/<network>.json`` holds one bit a photo, in the order of the shipped
list of validation photos. It belongs to the weights and the list whose checksums it records.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, write_atomically
from effnet_viz.evidence.splits import RESULTS_DIR

FOLDER_NAME = "classroom-hits"
_LIST = "imagenette-val.txt"


@dataclass(frozen=True, slots=True)
class Hits:
    """One network's hits: bit i (of value 2^i) of ``bits`` is 1 where it got photo i of the list
    right. ``sha256`` is that of its weights."""

    model: str
    sha256: str
    count: int
    bits: int

    @property
    def right(self) -> int:
        """How many photos it got right."""
        return self.bits.bit_count()

    @property
    def top1(self) -> float:
        """In percent."""
        return 100 * self.right / self.count


def photo_list(results: Path = RESULTS_DIR) -> tuple[str, ...]:
    """The file names of the validation photos, in the order of the bits. Raises UserError where the
    list is missing."""
    try:
        return tuple((results / _LIST).read_text().split())
    except OSError as error:
        raise UserError(f"{results / _LIST} cannot be read; download the project again.") from error


def hits_of(
    model: str, sha256: str, right: Mapping[str, bool], names: tuple[str, ...]
) -> Hits | None:
    """Of each photo's file name and whether the network got it right. None where these are not the
    photos of the list: of other photos no hits are kept."""
    if right.keys() != set(names):
        return None
    return Hits(model, sha256, len(names), as_bits(right[name] for name in names))


def as_bits(right: Iterable[bool]) -> int:
    """A bit a photo, the first photo's the lowest: 1 where the network got it right."""
    return sum(1 << place for place, hit in enumerate(right) if hit)


def hits_folder(checkpoints: Path = CHECKPOINT_DIR) -> Path:
    """Where the hits of the networks in a folder of weights lie."""
    return checkpoints.parent / RESULTS_DIR.name / FOLDER_NAME


def write_hits(hits: Hits, folder: Path) -> Path:
    """Write a network's file in one step: its bits as base64, the first photo's the lowest of the
    first byte."""
    packed = hits.bits.to_bytes((hits.count + 7) // 8, "little")
    record = {
        "model": hits.model,
        "weights_sha256": hits.sha256,
        "photos": _LIST,
        "photos_sha256": _list_checksum(),
        "count": hits.count,
        "right": hits.right,
        "bits": base64.b64encode(packed).decode(),
    }
    path = folder / f"{hits.model}.json"
    write_atomically(path, (json.dumps(record, indent=2) + "\n").encode())
    return path


def read_hits(model: str, sha256: str, folder: Path) -> Hits | None:
    """A network's hits; None where they are not there, or are those of other weights or photos.

    Raises UserError where the file is damaged.
    """
    path = folder / f"{model}.json"
    try:
        record = json.loads(path.read_bytes())
        packed = base64.b64decode(record["bits"], validate=True)
        found = Hits(
            model, record["weights_sha256"], record["count"], int.from_bytes(packed, "little")
        )
        if len(packed) != (found.count + 7) // 8 or found.right != record["right"]:
            raise ValueError(f"the bits are not {record['right']} of {found.count}")
        if (found.sha256, record["photos_sha256"]) != (sha256, _list_checksum()):
            return None
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"The hits {path} are damaged ({error}); `python -m effnet_viz evaluate` writes them "
            "again once the file is gone."
        ) from error
    return found


@cache
def _list_checksum() -> str:
    return hashlib.sha256("\n".join(photo_list()).encode()).hexdigest()
