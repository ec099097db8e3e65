"""The rest of a shared network as a throw-away module that the library may hook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor, nn

Layers = tuple[nn.Module, ...]


def through(x: Tensor, layers: Iterable[nn.Module]) -> Tensor:
    """What one layer after the other makes of ``x``."""
    for layer in layers:
        x = layer(x)
    return x


class Tail(nn.Module):
    """What the library sees: sections of the shared network, each behind an identity to hook.

    The shared layers are in tuples, which `nn.Module` does not register, so the library's
    ``eval()`` and ``zero_grad()`` do not reach them; the empty parameter answers its question for
    the device. The copy after a probe keeps in-place layers off the activation it recorded.
    """

    def __init__(self, sections: Sequence[Layers], features: Tensor) -> None:
        super().__init__()
        self.probes = nn.ModuleList(nn.Identity() for _ in sections)
        self.device_marker = nn.Parameter(features.new_empty(0), requires_grad=False)
        self._sections = tuple(sections)

    def forward(self, features: Tensor) -> Tensor:
        """The last section's output for the first one's input ``(N, C, h, w)``."""
        for probe, layers in zip(self.probes, self._sections, strict=True):
            features = through(probe(features).clone(), layers)
        return features
