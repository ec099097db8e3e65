"""The engine behind the pages: loaded once, in the background, and used in turns."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from effnet_viz.engine.serving.turns import Lane, slots_for

#: How soon who waits is told the place in line, and how often then: to tell thirty is work too.
TOLD_AFTER_S = 0.25
TOLD_EVERY_S = 1.0

#: What a map or a prediction needs, slowest first.
LOADED = (
    "torch",
    "torchvision",
    "pytorch_grad_cam",
    "effnet_viz.engine.inference",
    "effnet_viz.engine.weights",
    "effnet_viz.engine.growth",
    "effnet_viz.engine.maps.cam",
    "effnet_viz.engine.maps.metrics",
)


def settle() -> None:
    """Take what was imported out of the garbage collector's rounds: it stays until the end.

    A full collection looks at every object there is, hundreds of thousands once torch is loaded,
    while it holds the interpreter's lock. What is garbage now is collected first; what a visit has
    in hand just now is freed by its reference counts as before.
    """
    gc.collect()
    gc.freeze()


class _Loading:
    """The engine's import in a thread of its own: two that import parts of torch at once can meet
    halves of modules."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="loading", daemon=True)
                self._thread.start()

    def _load(self) -> None:
        try:
            for name in LOADED:
                importlib.import_module(name)
            settle()
        except BaseException as error:
            self._failure = error
        finally:
            self._done.set()

    @property
    def begun(self) -> bool:
        return self._thread is not None

    @property
    def done(self) -> bool:
        return self._done.is_set()

    def wait(self) -> None:
        self.begin()
        self._done.wait()
        if self._failure is not None:
            raise self._failure


_LOADING = _Loading()
_HERE = threading.local()


def begin_loading() -> None:
    """Load the engine in the background, once a server, after what the app itself imported has
    settled; returns at once."""
    if not _LOADING.begun:
        settle()
        _LOADING.begin()


def loaded() -> None:
    """Return once the engine is loaded, without a word: for what Streamlit caches, which would say
    it again at every hit. Raises what the import did."""
    _LOADING.wait()


def ready() -> None:
    """`loaded`, and a page that waits says so."""
    if not _LOADING.done:
        with st.spinner("Loading the engine, once for everybody"):
            _LOADING.wait()
    _LOADING.wait()


@st.cache_resource(show_spinner=False)
def _lane(gpu: bool) -> Lane:
    import torch

    return Lane(slots_for(torch.get_num_threads(), gpu=gpu))


@contextmanager
def my_turn(device: str) -> Iterator[None]:
    """Inside, this visit uses the engine; before, it waits in line and sees its place.

    Everything that one visit asks for at one moment belongs in one turn, and what asks for another
    one inside it has it already. A visitor who leaves, or
    chooses something else meanwhile, frees the place.
    """
    if getattr(_HERE, "has_turn", False):
        yield
        return
    ready()
    with _lane(device != "cpu").turn() as turn:
        if not turn.wait(0):
            said = st.empty()
            patience = TOLD_AFTER_S
            while not turn.wait(patience):
                patience = TOLD_EVERY_S
                said.info(f"Waiting for the engine: {turn.place.in_words()}.",
                          icon=":material/hourglass_top:")  # fmt: skip
            said.empty()
        _HERE.has_turn = True
        try:
            yield
        finally:
            _HERE.has_turn = False
