"""The ways to make a class activation map: names, what they do, what they cost. No torch here.

How each weights channels stands in `effnet_viz.engine.maps.library`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Method:
    """A way to weight channels, for people: ``what`` it does and its ``cost``, one sentence each.

    ``class_specific``: the map depends on the target class. ``gradients``: it takes a backward
    pass. ``divides``: the weights are quotients whose denominator may come near zero, where
    rounding decides what the map looks like. ``last_stage_only``: it exists for the last stage
    alone. ``slow``: it runs the network again and again, in batches: seconds to minutes.
    """

    title: str
    what: str
    cost: str
    class_specific: bool = True
    gradients: bool = True
    divides: bool = False
    last_stage_only: bool = False
    slow: bool = False


_ONE_EACH = "One forward pass, and one backward pass from the class down to the stage."
_FORWARD_ONLY = "One forward pass and no backward pass"

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradcam": Method(
            "Grad-CAM",
            "Adds up the channels, each weighted by how much the class's score grows with it on "
            "average; on the last stage this equals ReLU(CAM) up to scale.",
            _ONE_EACH,
        ),
        "gradcam++": Method(
            "Grad-CAM++",
            "Weights the positive gradients more where few positions carry them, so that several "
            "small objects all count.",
            _ONE_EACH,
            divides=True,
        ),
        "xgradcam": Method(
            "XGrad-CAM",
            "Weights each channel by its gradient where the channel is active, so that the "
            "weights add up to the score as nearly as they can.",
            _ONE_EACH,
            divides=True,
        ),
        "layercam": Method(
            "LayerCAM",
            "Weights every position by its own positive gradient, which is sharper in early "
            "stages.",
            _ONE_EACH,
        ),
        "eigencam": Method(
            "EigenCAM",
            "Shows the direction in which the activations vary most; it does not look at the "
            "class. The decomposition leaves open which end is bright: here it is the one that "
            "correlates with the activations' mean energy, the mean square over channels.",
            f"{_FORWARD_ONLY}, then a decomposition of the activations, slow on fine grids.",
            class_specific=False,
            gradients=False,
        ),
        "hirescam": Method(
            "HiResCAM",
            "Multiplies activation and gradient position by position before adding up, so that it "
            "shows only places the score really uses.",
            _ONE_EACH,
        ),
        "scorecam": Method(
            "Score-CAM",
            "Shows the model the photo through each channel in turn and weights the channel by "
            "the class's score then; no gradient is needed.",
            "One forward pass for every channel of the stage, hundreds to thousands: seconds to "
            "minutes.",
            gradients=False,
            slow=True,
        ),
        "cam": Method(
            "CAM",
            "The paper's own method: adds up the last stage's channels, weighted by the class's "
            "weights in the linear layer, and keeps what speaks for the class (ReLU).",
            f"{_FORWARD_ONLY}.",
            gradients=False,
            last_stage_only=True,
        ),
    }
)
