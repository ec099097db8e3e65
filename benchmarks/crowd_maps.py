"""Thirty people open Compare at the same moment, each on another photo or stage, five maps each.

``python benchmarks/crowd_maps.py`` lets one visitor ask for everything first, one after the other,
on a server of its own: that is the work. Then thirty ask at once on a fresh server, while one more
moves φ on the Scale page. A perfect server would need the work's time over the cores.

Needs a quiet machine; the load is printed. No browser: Streamlit's own websocket messages.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from websockets.asyncio.client import connect

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from load import Session, own_figures, run_script, server

from effnet_viz.evidence.samples import list_samples
from effnet_viz.scaling.families import ROLES

STAGES = (9, 8, 7, 6)
MAPS = len(ROLES)
MOST_PHOTOS = 12


def questions(count: int) -> list[str]:
    """So many links to Compare that differ in photo or stage."""
    titles = [sample.title for sample in list_samples()][:MOST_PHOTOS]
    pairs = [(title, stage) for stage in STAGES for title in titles]
    return [link(title, stage) for title, stage in pairs[:count]]


def link(title: str, stage: int) -> str:
    """The query of a link that shows a sample's maps of a stage, without a guess before."""
    return urlencode({"photo": title, "stage": stage, "shown": "true"})


#: What loads the engine and the weights before anything is timed.
WARM = link("Golf ball", 5)


async def look(port: int, question: str) -> tuple[float, list[str]]:
    """Seconds from joining to the last of the five maps, and what went wrong."""
    session = Session(0)
    begun = time.perf_counter()
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        max_size=None,
        subprotocols=["streamlit"],  # type: ignore[list-item]
    ) as link:
        said = await run_script(link, session, None, page="compare", query=question)
    lasted = time.perf_counter() - begun
    maps = sum(f'alt: "{role}' in said or f"{role}:" in said for role in ROLES)
    if maps != MAPS:
        session.errors.append(f"{maps} of {MAPS} maps for {question}")
    return lasted, session.errors


async def moves(port: int, until: asyncio.Event | None, least: int) -> list[float]:
    """One visitor moves φ on the Scale page, until told to stop; the answer times."""
    session = Session(1)
    lasted: list[float] = []
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        max_size=None,
        subprotocols=["streamlit"],  # type: ignore[list-item]
    ) as link:
        await run_script(link, session, None)
        while len(lasted) < least or (until is not None and not until.is_set()):
            phi = (len(lasted) % 100 - 30) / 10
            begun = time.perf_counter()
            said = await run_script(link, session, phi)
            lasted.append(time.perf_counter() - begun)
            assert own_figures(phi) in said
            await asyncio.sleep(0.2)
    return lasted


async def crowd(port: int, asked: list[str]) -> tuple[list[float], list[str], list[float]]:
    """All at once, and one who moves φ meanwhile."""
    over = asyncio.Event()
    mover = asyncio.create_task(moves(port, over, 1))
    found = await asyncio.gather(*(look(port, question) for question in asked))
    over.set()
    errors = [error for _, errors in found for error in errors]
    return sorted(lasted for lasted, _ in found), errors, sorted(await mover)


def p95(values: list[float]) -> float:
    """The 95th percentile of sorted values."""
    return values[int(0.95 * (len(values) - 1))]


def main() -> None:
    """The work of one after the other, then of all at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--port", type=int, default=8661)
    options = parser.parse_args()
    asked = questions(options.sessions)
    cores = os.cpu_count() or 1
    print(f"load before: {os.getloadavg()[0]:.2f}; {len(asked)} people, {MAPS} maps each")
    with server(ROOT / "app.py", options.port):
        asyncio.run(look(options.port, WARM))  # imports and weights, once
        alone = [asyncio.run(look(options.port, question)) for question in asked]
        quiet = sorted(asyncio.run(moves(options.port, None, 40)))
    work = sum(lasted for lasted, _ in alone)
    print(f"one after the other: {work:.1f} s, {statistics.median(t for t, _ in alone):.2f} s each")
    with server(ROOT / "app.py", options.port + 1):
        asyncio.run(look(options.port + 1, WARM))
        begun = time.perf_counter()
        lasted, errors, busy = asyncio.run(crowd(options.port + 1, asked))
        whole = time.perf_counter() - begun
    print(
        f"all at once: {whole:.1f} s = {whole / (work / cores):.2f} × the work over {cores} cores; "
        f"the median person after {statistics.median(lasted) / lasted[-1]:.2f} of it, the first "
        f"after {lasted[0]:.2f} s; {len(errors)} errors"
    )
    print(
        f"a move of φ: p95 {1000 * p95(busy):.0f} ms meanwhile, {1000 * p95(quiet):.0f} ms quiet, "
        f"ratio {p95(busy) / p95(quiet):.2f}"
    )
    for error in sorted(set(errors))[:5]:
        print(f"    {error}")


if __name__ == "__main__":
    main()
