"""The shipped checkpoints' records: what each role is, how it was trained, how good it is.

No torch here. A role is two files: ``<role>.safetensors`` with the weights and ``<role>.json``
with the record, which carries the SHA-256 of the weights.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.files import asset, is_fixed
from effnet_viz.scaling.families import ROLES, ClassroomMember, classroom_member

CHECKPOINT_DIR = asset("checkpoints")
CURVES_FILE = CHECKPOINT_DIR.parent / "results" / "classroom-curves.csv"

#: Percent, seconds; the last two columns belong to the finished network and repeat in every row.
CURVE_COLUMNS = (
    *("model", "role", "times", "seed", "macs"),
    *("epoch", "train_loss", "held_out_top1", "seconds", "val_top1", "val_n"),
)

_NUMBER = (int, float)

#: Every key a record has, with the types its value may take.
RECORD_KEYS: MappingProxyType[str, tuple[type, ...]] = MappingProxyType(
    {
        "family": (str,),
        "role": (str,),
        "weights": (str,),  # the honest label, see effnet_viz.scaling.families
        "architecture": (list,),  # one dict per stage, the fields of StageSpec, already scaled
        "multipliers": (dict,),  # depth, width, resolution_px, relative to the family's baseline
        "resolution_px": (int,),
        "num_classes": (int,),
        "classes": (list,),  # labels, in the order of the logits
        "wnids": (list,),  # WordNet ids, in the same order
        "preprocessing": (dict,),  # mean, std, interpolation, crop
        "recipe": (dict,),
        "epochs": (int,),
        "seed": (int,),
        "history": (list,),  # one dict per epoch
        "sha256": (str,),  # of the safetensors file
        "params": (int,),
        "macs": (int,),
        "val_top1": _NUMBER,  # percent, on val_n photos the training never saw
        "val_n": (int,),
        "held_out_top1": _NUMBER,  # percent, on the training photos held back for selection
        "reproduce": (str,),  # the command that trains it again
        "data": (str,),
        "data_licence": (str,),
        "date": (str,),
    }
)


def checkpoint_paths(name: str, folder: Path = CHECKPOINT_DIR) -> tuple[Path, Path]:
    """Where a member's weights and record lie. Raises UserError for an unknown name."""
    member = classroom_member(name)
    return folder / f"{member.name}.safetensors", folder / f"{member.name}.json"


def shipped_roles(folder: Path = CHECKPOINT_DIR) -> tuple[str, ...]:
    """The roles whose weights and record are both there, in the order of ROLES."""
    return tuple(role for role in ROLES if is_shipped(role, folder))


def shipped_members(folder: Path = CHECKPOINT_DIR) -> tuple[ClassroomMember, ...]:
    """Everything that ships: the roles first, then 2× points, then other seeds."""
    members = []
    for path in folder.glob("*.json"):
        with contextlib.suppress(UserError):
            member = classroom_member(path.stem)
            if is_shipped(member.name, folder):
                members.append(member)
    return tuple(sorted(members, key=lambda m: (m.seed, m.times == 2, ROLES.index(m.role))))


def members_of_roles(folder: Path = CHECKPOINT_DIR) -> tuple[ClassroomMember, ...]:
    """Of what ships the roles, every seed of them; not the 2× points."""
    return tuple(member for member in shipped_members(folder) if member.times != 2)


def is_shipped(name: str, folder: Path = CHECKPOINT_DIR) -> bool:
    """Whether a member's weights and record are both there."""
    return all(path.is_file() for path in checkpoint_paths(name, folder))


def read_record(name: str, folder: Path = CHECKPOINT_DIR) -> dict[str, Any]:
    """The record of a shipped member, a fresh dict each time; its keys are those of RECORD_KEYS.

    Raises ResourceError where it is missing or is not a record of this member.
    """
    path = checkpoint_paths(name, folder)[1]
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ResourceError(
            f"The {name} model's trained weights are missing ({path} does not exist); "
            "download the project again."
        ) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, "it cannot be read") from error
    if problem := _problem(record, classroom_member(name)):
        raise _damaged(path, problem)
    return record


def write_record(
    record: Mapping[str, Any], folder: Path = CHECKPOINT_DIR, name: str | None = None
) -> Path:
    """Write a member's record in one step, by default under its role's name.

    Raises UserError where a key is missing or of a wrong type.
    """
    name = name or str(record.get("role", ""))
    path = checkpoint_paths(name, folder)[1]
    text = json.dumps(dict(record), indent=2, ensure_ascii=False) + "\n"
    if problem := _problem(json.loads(text), classroom_member(name)):
        raise UserError(f"This is no complete record of the {name} model: {problem}.")
    write_atomically(path, text.encode())
    return path


def write_curves(folder: Path = CHECKPOINT_DIR, path: Path = CURVES_FILE) -> Path:
    """One CSV of what ships: a row per member and epoch, with the member's final figures."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CURVE_COLUMNS)
    for member in shipped_members(folder):
        record = read_record(member.name, folder)
        for row in record["history"]:
            writer.writerow(
                [member.name, member.role, member.times, member.seed, record["macs"]]
                + [row[key] for key in CURVE_COLUMNS[5:9]]
                + [record["val_top1"], record["val_n"]]
            )
    write_atomically(path, text.getvalue().encode())
    return path


def write_atomically(path: Path, data: bytes) -> None:
    """Write so that a stop at any moment leaves either the old file or the new one, whole.

    Raises UserError inside an installed copy of this project, which stays as it came.
    """
    if is_fixed(path):
        raise UserError(f"{path} belongs to the installed program; name another folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _problem(record: object, member: ClassroomMember) -> str:
    """What is wrong with a record, in a few words; empty where nothing is."""
    if not isinstance(record, dict):
        return "it is not a JSON object"
    for key, types in RECORD_KEYS.items():
        if key not in record:
            return f"{key} is missing"
        if not isinstance(record[key], types) or isinstance(record[key], bool):
            return f"{key} is not a {' or '.join(kind.__name__ for kind in types)}"
    if record["role"] != member.role:
        return f"it is the record of the role {record['role']!r}"
    if not re.fullmatch("[0-9a-f]{64}", record["sha256"]):
        return "sha256 is not a checksum"
    if not len(record["classes"]) == len(record["wnids"]) == record["num_classes"]:
        return "classes, wnids and num_classes disagree"
    return ""


def _damaged(path: Path, problem: str) -> ResourceError:
    return ResourceError(f"The record {path} is damaged ({problem}); download the project again.")
