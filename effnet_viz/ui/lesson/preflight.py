"""What to check before a class."""

from __future__ import annotations

import hashlib
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.engine.requests import PhotoFile, PredictRequest
from effnet_viz.errors import UserError
from effnet_viz.evidence import checkpoints, samples
from effnet_viz.scaling.families import ROLES
from effnet_viz.ui.lesson import address, place
from effnet_viz.ui.lesson.maps import DEFAULT
from effnet_viz.ui.lesson.wording import say
from effnet_viz.ui.shared import cache, model_views

TIMEOUT_S = 3.0

#: A class that presses at once should wait no longer than this for its maps.
SLOW_S = 30.0
CLASS_SIZE = 30


def check() -> None:
    """Run every check and say what came out, or what to do."""
    for name, run in CHECKS.items():
        with st.spinner(say(f"check_{name}")):
            try:
                said, icon = run(), ":material/check_circle:"
            except UserError as error:
                said, icon = str(error), ":material/warning:"
        st.markdown(f"{icon} **{say(f'check_{name}')}**: {said}")


def _weights() -> str:
    for role in ROLES:
        weights = checkpoints.checkpoint_paths(role)[0]
        wanted = checkpoints.read_record(role)["sha256"]
        if hashlib.sha256(weights.read_bytes()).hexdigest() != wanted:
            raise UserError(say("weights_damaged", role=role))
    return say("weights_fine", count=len(ROLES))


def _device() -> str:
    return cache.device_label(model_views.chosen_device())


def _rooms() -> str:
    return say("rooms_fine", folder=place.store().path.parent)


def _address() -> str:
    """Ask this server for itself under the address that phones use."""
    where = address.origin()
    try:
        urllib.request.urlopen(f"{where}/_stcore/health", timeout=TIMEOUT_S).close()
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise UserError(say("not_reachable", address=where)) from error
    return say("reachable", address=where)


def _speed() -> str:
    """Five networks on one photo, and what that means for a class that asks at once."""
    device = model_views.chosen_device()
    file = PhotoFile.of(samples.read_sample(DEFAULT))
    requests = [PredictRequest(file, cache.model_ref(f"classroom/{r}", device)) for r in ROLES]
    for request in requests:
        cache.load(request.model)
    cache.forget_predictions(requests)
    began = time.perf_counter()
    for request in requests:
        cache.predict(request)
    seconds = time.perf_counter() - began
    if seconds * CLASS_SIZE > SLOW_S:
        raise UserError(say("slow", seconds=seconds, count=CLASS_SIZE, whole=seconds * CLASS_SIZE))
    return say("fast", seconds=seconds, count=CLASS_SIZE, whole=seconds * CLASS_SIZE)


CHECKS: MappingProxyType[str, Callable[[], str]] = MappingProxyType(
    {
        "weights": _weights,
        "device": _device,
        "rooms": _rooms,
        "address": _address,
        "speed": _speed,
    }
)
