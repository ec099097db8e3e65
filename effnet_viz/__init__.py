"""effnet_viz: see compound scaling (EfficientNet, Tan & Le 2019) instead of reading about it.

``import effnet_viz as ev`` gives the names below, which stay; each loads what it needs when it is
first used, so the import itself loads neither numpy nor torch nor streamlit.

The rooms, each of which may import those before it: ``errors``, ``scaling`` (the subject),
``evidence`` (what is known), ``lesson``, ``engine`` (torch), ``figures`` (pictures), ``ui``
(Streamlit) and ``cli``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from effnet_viz.engine.images import Square, decode
    from effnet_viz.engine.inference import predict
    from effnet_viz.engine.maps.cam import cam
    from effnet_viz.engine.models import build_model
    from effnet_viz.engine.weights import LoadedModel, load_model
    from effnet_viz.errors import UserError
    from effnet_viz.scaling.architectures import architecture
    from effnet_viz.scaling.compound import LAWS, Coefficients, Multipliers, scale
    from effnet_viz.scaling.cost import network_cost
    from effnet_viz.scaling.study import ScaleStudy, study

__version__ = "0.2.0"

__all__ = [
    "LAWS",
    "Coefficients",
    "LoadedModel",
    "Multipliers",
    "ScaleStudy",
    "Square",
    "UserError",
    "__version__",
    "architecture",
    "build_model",
    "cam",
    "decode",
    "load_model",
    "network_cost",
    "predict",
    "scale",
    "study",
]

_HOMES = {
    "LAWS": "scaling.compound",
    "Coefficients": "scaling.compound",
    "LoadedModel": "engine.weights",
    "Multipliers": "scaling.compound",
    "ScaleStudy": "scaling.study",
    "Square": "engine.images",
    "UserError": "errors",
    "architecture": "scaling.architectures",
    "build_model": "engine.models",
    "cam": "engine.maps.cam",
    "decode": "engine.images",
    "load_model": "engine.weights",
    "network_cost": "scaling.cost",
    "predict": "engine.inference",
    "scale": "scaling.compound",
    "study": "scaling.study",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
