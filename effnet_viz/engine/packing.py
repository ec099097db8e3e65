"""Convolutions whose weights stay in the order the CPU computes in.

oneDNN, which computes PyTorch's convolutions on the CPU, first rearranges the weights into blocks,
again at every call. Where the weights are many and the map is small, as in the late stages, that
takes as long as the convolution itself: a third of ResNet-50's time. Here it is done once.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

#: Fewer weights than this (64 KiB) fit a core's cache, and rearranging them costs next to nothing.
MIN_WEIGHTS = 16 * 1024


class _Packed(NamedTuple):
    """Rearranged weights: of which weights (and which version of them), for which input."""

    source: Tensor
    version: int
    size: torch.Size
    weight: Tensor

    def is_of(self, weight: Tensor) -> bool:
        """Whether these are that weight's, unchanged; the source's memory is its own till then."""
        return (self.source.data_ptr(), self.version) == (weight.data_ptr(), weight._version)


class PackedConv2d(nn.Conv2d):
    """An `nn.Conv2d` that remembers its rearranged weights, beside the plain ones.

    Without gradients and in single precision on the CPU it uses them; in any other case, and in
    every result, it is the plain convolution (up to rounding). They are made at the first pass of a
    single image and again when its size or the weights have changed, and are never written to, so
    threads that share the module at worst make them twice. They fit any input; the order is merely
    best for that size, so a batch does not make them again.
    """

    _packed: _Packed | None = None

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, out_channels, H', W')``."""
        plain = (
            torch.is_grad_enabled()
            or input.dtype != torch.float32
            or self.weight.dtype != torch.float32
            or input.device.type != "cpu"
            or self.weight.is_inference()
        )
        if plain:
            return super().forward(input)
        packed = self._packed
        other_size = packed is not None and len(input) == 1 and packed.size != input.shape
        if packed is None or other_size or not packed.is_of(self.weight):
            packed = self._packed = self._rearranged(input.shape)
        return torch.ops.mkldnn._convolution_pointwise(
            input, packed.weight, self.bias, *self._geometry(), self.groups, "none", [], ""
        )

    def _geometry(self) -> tuple[list[int], list[int], list[int]]:
        return [int(p) for p in self.padding], list(self.stride), list(self.dilation)

    def _rearranged(self, size: torch.Size) -> _Packed:
        rearrange: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
        source, version = self.weight.detach(), self.weight._version
        weight = rearrange(source.to_mkldnn(), *self._geometry(), self.groups, list(size))
        return _Packed(source, version, size, weight)

    def __getstate__(self) -> dict[str, Any]:
        """A copy makes its own: rearranged weights have no storage that could be copied."""
        return {**self.__dict__, "_packed": None}


def packed(conv: nn.Conv2d) -> nn.Conv2d:
    """The same convolution with the same parameters, packed where that pays and works here."""
    pays = conv.weight.numel() >= MIN_WEIGHTS and conv.groups == 1
    if not pays or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
        return conv
    return _twin(conv) if packing_works() else conv


def _twin(conv: nn.Conv2d) -> PackedConv2d:
    twin = PackedConv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]  # torch annotates it as any length
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        conv.dilation,  # type: ignore[arg-type]
        device="meta",
    )
    twin.weight, twin.bias = conv.weight, conv.bias
    return twin.train(conv.training)


@functools.cache
def packing_works() -> bool:
    """Whether this build of PyTorch packs weights and gets the right answer with them.

    The two functions behind it are those that torch.compile uses; they are not documented, so they
    are tried rather than trusted.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    with torch.inference_mode(False), torch.no_grad(), torch.random.fork_rng(devices=[]):
        conv = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        inputs = torch.rand(1, 16, 9, 9).to(memory_format=torch.channels_last)
        try:
            return torch.allclose(_twin(conv)(inputs), conv(inputs), atol=1e-4)
        except (RuntimeError, AttributeError, TypeError):
            return False
