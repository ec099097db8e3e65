"""A trained head as a file that a few lines of Python run. Loads no torch."""

from __future__ import annotations

import io

import numpy as np

from effnet_viz.engine.transfer.results import NetworkResult, TransferStudy

#: Runs an exported head; the file and the photo are named in it.
LINES = """import numpy as np
import effnet_viz as ev
from effnet_viz.engine.transfer.features import pooled

head = np.load("{file}")
model = ev.load_model(str(head["family"]), str(head["name"]))
photo = ev.decode(open("photo.jpg", "rb").read())
scores = pooled(model, [photo]) @ head["weights"].T + head["bias"]
print(head["classes"][scores[0].argmax()])
"""


def npz(study: TransferStudy, result: NetworkResult) -> bytes:
    """The head of one network: ``weights`` ``(K, C)``, ``bias`` ``(K,)``, ``classes``, and the
    ``family`` and ``name`` of the network whose pooled features it takes."""
    family, _, name = result.key.partition("/")
    buffer = io.BytesIO()
    np.savez(
        buffer,
        weights=result.head.weights,
        bias=result.head.bias,
        classes=np.array(study.classes),
        family=np.array(family),
        name=np.array(name),
    )
    return buffer.getvalue()


def file_name(result: NetworkResult) -> str:
    """What the file is called, e.g. ``head-classroom-compound.npz``."""
    return f"head-{result.key.replace('/', '-').replace('@', '-at-')}.npz"
