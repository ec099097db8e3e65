"""How long a class's own photos take: features, heads, controls, the whole button.

    python benchmarks/heads.py [--photos N] [--rounds N] [--visits N] [--plain]

``--photos`` of three classes (scikit-image's textures, tiles that differ) by the five classroom
networks, as the page's button does it. The first round compiles the networks' graphs, the others
do not; both are printed. ``--visits``: so many ask at once; each waits for its turn in the heavy
lane, and meanwhile a page's own computation (the Scale page's study) is timed. ``--plain``:
by torch, as where OpenVINO is missing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from a checkout, nothing is installed

import torch

import effnet_viz as ev
from effnet_viz.engine import images, weights
from effnet_viz.engine.jobs.background import Background
from effnet_viz.engine.transfer import photo_sets, study
from effnet_viz.scaling.families import ROLES, find_model

CLASSES = 3


def made_sets(photos: int) -> photo_sets.Sets:
    """So many tiles, each a third of a picture's side, shared among three classes."""
    sets = []
    for each in photo_sets.example().sets[:CLASSES]:
        squares = [photo.image for photo in each.photos]
        wanted = photos // CLASSES
        tiles = []
        for number in range(wanted):
            picture = squares[number % len(squares)]
            side = picture.width - 2 * (number // len(squares))
            part = images.crop(picture, images.Square(0, 0, side))
            tiles.append(photo_sets._kept(part, f"{each.name}-{number}", str(number)))
        sets.append(photo_sets.ClassPhotos(each.name, tuple(tiles)))
    return tuple(sets)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visits", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.plain:
        sys.modules["openvino"] = None  # type: ignore[assignment]  # how Python says: not there
    torch.set_num_threads(asked.threads)
    sets = made_sets(asked.photos)
    models = [(role, weights.load_model("classroom", role)) for role in ROLES]
    control = weights.random_control(find_model("classroom", "baseline"))

    def job() -> Background[Any]:
        return Background(lambda task: study.transfer(task, models, control, sets))

    times = []
    for _ in range(1 + asked.rounds):
        began = time.perf_counter()
        done = job().start()
        done.wait()
        if done.failure:
            raise SystemExit(done.failure)
        times.append(time.perf_counter() - began)
    found: dict[str, Any] = {
        "photos": sum(len(each.photos) for each in sets),
        "networks": len(models),
        "threads": asked.threads,
        "runtime": "torch" if asked.plain else "OpenVINO",
        "first_s": round(times[0], 2),
        "median_s": round(statistics.median(times[1:]), 2) if asked.rounds else None,
    }
    if asked.visits:
        found |= crowd([job() for _ in range(asked.visits)])
    print(json.dumps(found) if asked.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


def crowd(jobs: list[Background[Any]]) -> dict[str, float]:
    """All at once; how long until half and all were served, and a study meanwhile, in ms."""
    began = time.perf_counter()
    for job in jobs:
        job.start()
    ends: list[float] = []
    meanwhile = []
    while len(ends) < len(jobs):
        start = time.perf_counter()
        ev.study(phi=1)
        meanwhile.append(1000 * (time.perf_counter() - start))
        time.sleep(0.05)
        ended = sum(job.standing().finished for job in jobs)
        ends += [time.perf_counter() - began] * (ended - len(ends))
    slowest = sorted(meanwhile)[int(0.95 * len(meanwhile))]
    return {
        "half_served_s": round(ends[len(ends) // 2], 1),
        "all_served_s": round(ends[-1], 1),
        "study_meanwhile_p95_ms": round(slowest, 1),
    }


if __name__ == "__main__":
    main()
