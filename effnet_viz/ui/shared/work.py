"""Long work that a visit owns: jobs not started yet, and Streamlit told to stop them in the end.

What it made is found again after a reload, by a token in the link. It stays in the server's memory,
that of the latest `VISITS` only. A visit reads what its link names and writes under a token of its
own, so that whoever gets a link sees what its sender had made and changes nothing of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from effnet_viz.engine.jobs.timing import Job
from effnet_viz.evidence.results import CamResult
from effnet_viz.ui.shared.engine import loaded
from effnet_viz.ui.shared.kept import KeptWithin

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.scaling.architectures import ArchitectureSpec
    from effnet_viz.scaling.study import ScaleStudy

VISITS = 200


@st.cache_resource(scope="session", on_release=Job.leave, max_entries=1, show_spinner=False)
def visits_benchmark(number: int, _job: Job) -> Job:  # noqa: ARG001 (the cache key)
    """The job, which Streamlit tells to leave when the visit ends."""
    _job.stay()
    return _job


@st.cache_resource(
    scope="session", on_release=lambda job: job.cancel(), max_entries=64, show_spinner=False
)
def visits_work(number: int, _job: Background[Any]) -> Background[Any]:  # noqa: ARG001 (the key)
    """The work, which Streamlit has cancelled when the visit ends."""
    return _job


def score_cam_job(
    image: Image.Image,
    square: Square,
    models: Sequence[tuple[str, LoadedModel]],
    target: int | None,
    own: bool,
    stage: int,
    method: str,
) -> Background[Any]:
    """A slow method's maps of some models, not started; not cached."""
    loaded()
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    which = work.Target(target, own)
    return Background(
        lambda task: work.score_cam(task, models, image, square, which, stage, method)
    )


def removal_job(
    image: Image.Image,
    square: Square,
    models: Sequence[tuple[str, LoadedModel]],
    results: Mapping[str, CamResult],
) -> Background[Any]:
    """Deletion, insertion and ROAD of some maps, not started; not cached."""
    loaded()
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    return Background(lambda task: work.removal(task, models, image, square, results))


def photos_job(
    images: Sequence[Image.Image],
    models: Sequence[tuple[str, LoadedModel]],
    method: str,
    target: int | None,
    own: bool,
    stage: int,
) -> Background[Any]:
    """The maps of several photos, not started; not cached."""
    loaded()
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    which = work.Target(target, own)
    return Background(lambda task: work.many_photos(task, models, images, method, which, stage))


def export_job(study: ScaleStudy, title: str) -> Background[Any]:
    """A network's Python and weights as one file, not started; not cached. Raises UserError where
    the file would be too large."""
    loaded()
    from effnet_viz.engine.jobs import export
    from effnet_viz.engine.jobs.background import Background

    export.check_size(study.scaled)
    return Background(lambda task: export.exported(task, study, title))


def training_folder() -> Path | None:
    """Where training photos lie on this machine, None where there are none."""
    loaded()
    from effnet_viz.engine.jobs import compare

    return compare.training_folder()


def fine_tune_job(
    parent: tuple[str, str], spec: ArchitectureSpec, folder: Path, steps: int, device: str
) -> Background[Any]:
    """A network grown and trained a little, not started; not cached. Raises UserError where the
    parent's weights cannot be had or the machine cannot hold the network."""
    loaded()
    from effnet_viz.engine import inference, weights
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    inference.guard(spec, device=device)
    trained = weights.load_model(*parent, optimised=False)
    return Background(lambda task: work.fine_tuned(task, trained, spec, folder, steps, device))


@st.cache_resource(show_spinner=False)
def _of_all_visits() -> KeptWithin[Any]:
    return KeptWithin(VISITS)  # each counts as one


def keep(name: str, made: object) -> None:
    """Keep it for this visit, in place of what was kept under this name before; the link names it.

    What changes in ``made`` later is kept too, so hand in what the work itself fills.
    """
    tokens: dict[str, str] = st.session_state.setdefault("made_tokens", {})
    token = tokens.setdefault(name, secrets.token_urlsafe(12))
    _of_all_visits().drop((name, token))
    _of_all_visits().get((name, token), lambda: made, lambda _: 1)
    st.query_params[name] = token


def taken_up(name: str) -> Any | None:
    """What the link's visit had kept, once, for a visit that has made nothing under this name; None
    else. Call on every run: it also keeps the link's token while other pages come between."""
    tokens: dict[str, str] = st.session_state.get("made_tokens", {})
    read: dict[str, str] = st.session_state.setdefault("made_read", {})
    asked = st.query_params.get(name)
    known = tokens.get(name) or read.get(name)
    if known is not None:
        if asked != known:
            st.query_params[name] = known
        return None
    if asked is None:
        return None
    found = _of_all_visits().find((name, asked))
    if found is None:
        del st.query_params[name]
        return None
    read[name] = asked
    return found
