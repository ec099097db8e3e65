"""Convolutions with packed weights: the same answer in every circumstance, and under threads."""

from __future__ import annotations

import copy
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from effnet_viz.engine import packing
from effnet_viz.engine.packing import MIN_WEIGHTS, PackedConv2d, packed, packing_works

GEOMETRIES = [
    {"kernel_size": 1},
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": 3, "padding": 1, "stride": 2},
    {"kernel_size": 3, "dilation": 2, "bias": False},
]


def convolution(**geometry) -> nn.Conv2d:
    torch.manual_seed(0)
    conv = nn.Conv2d(128, 256, **geometry).eval().requires_grad_(False)
    return conv.to(memory_format=torch.channels_last)


def pictures(count: int = 1, px: int = 14) -> torch.Tensor:
    generator = torch.Generator().manual_seed(px)
    inputs = torch.randn(count, 128, px, px, generator=generator)
    return inputs.to(memory_format=torch.channels_last)


def assert_same(result: torch.Tensor, expected: torch.Tensor) -> None:
    assert result.shape == expected.shape
    assert (result - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.fixture(autouse=True)
def _where_it_works():
    if not packing_works():
        pytest.skip("this build of PyTorch does not pack weights")


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_size_and_batch_gives_the_plain_answer(geometry):
    plain = convolution(**geometry)
    conv = packed(plain)
    assert isinstance(conv, PackedConv2d)
    with torch.no_grad():
        for count, px in ((1, 14), (5, 14), (1, 9), (3, 20), (1, 14)):
            inputs = pictures(count, px)
            assert_same(conv(inputs), plain(inputs))
            assert_same(conv(inputs.contiguous()), plain(inputs))
    assert conv._packed is not None


def test_a_batch_does_not_pack_again():
    conv = packed(convolution(kernel_size=1))
    with torch.no_grad():
        conv(pictures())
        first = conv._packed
        conv(pictures(8))
        assert conv._packed is first
        conv(pictures(1, 20))
        assert conv._packed is not first


def test_changed_weights_are_packed_again():
    plain = convolution(kernel_size=3)
    conv = packed(plain)
    with torch.no_grad():
        before = conv(pictures())
        plain.weight.mul_(2)
        plain.bias.zero_()
        assert_same(conv(pictures()), plain(pictures()))
        assert not torch.allclose(conv(pictures()), before)
        conv.weight = nn.Parameter(torch.zeros_like(plain.weight), requires_grad=False)
        assert conv(pictures()).abs().max() == 0


def test_gradients_and_other_precisions_take_the_plain_way():
    plain = convolution(kernel_size=3, padding=1)
    conv = packed(plain)
    inputs = pictures().requires_grad_()
    (ours,) = torch.autograd.grad(conv(inputs).square().sum(), inputs)
    (theirs,) = torch.autograd.grad(plain(inputs).square().sum(), inputs)
    assert_same(ours, theirs)
    with torch.no_grad():
        double = copy.deepcopy(conv).double()
        assert torch.equal(double(pictures().double()), plain.double()(pictures().double()))
    assert conv._packed is None


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_packed_in_one_mode_it_works_in_the_other(mode):
    plain = convolution(kernel_size=1)
    conv = packed(plain)
    with mode():
        conv(pictures())
    with torch.no_grad():
        assert_same(conv(pictures()), plain(pictures()))
    with torch.inference_mode():
        assert_same(conv(pictures()), plain(pictures()))


def test_a_copy_and_a_saved_state_are_whole():
    plain = convolution(kernel_size=1)
    conv = packed(plain)
    with torch.no_grad():
        conv(pictures())
        twin = copy.deepcopy(conv)
        assert twin._packed is None
        assert conv._packed is not None
        assert_same(twin(pictures()), plain(pictures()))
    assert list(conv.state_dict()) == list(plain.state_dict())
    torch.save(conv.state_dict(), io.BytesIO())


def test_what_does_not_pay_or_fit_stays_as_it_is():
    small = nn.Conv2d(64, MIN_WEIGHTS // 64 - 1, 1)
    depthwise = nn.Conv2d(MIN_WEIGHTS, MIN_WEIGHTS, 1, groups=MIN_WEIGHTS)
    reflecting = nn.Conv2d(256, 256, 3, padding=1, padding_mode="reflect")
    same = nn.Conv2d(256, 256, 3, padding="same")
    for conv in (small, depthwise, reflecting, same):
        assert packed(conv) is conv
    assert isinstance(packed(nn.Conv2d(64, MIN_WEIGHTS // 64, 1)), PackedConv2d)


def test_where_it_does_not_work_nothing_is_packed(monkeypatch):
    conv = convolution(kernel_size=1)
    monkeypatch.setattr(packing, "packing_works", lambda: False)
    assert packed(conv) is conv


def test_a_wrong_or_missing_function_is_noticed(monkeypatch):
    rearranged = PackedConv2d._rearranged

    def wrong(conv, size):
        return rearranged(conv, size)._replace(weight=2 * conv.weight)

    monkeypatch.setattr(PackedConv2d, "_rearranged", wrong)
    packing_works.cache_clear()
    assert not packing_works()

    def missing(conv, size):
        raise AttributeError("no such function")

    monkeypatch.setattr(PackedConv2d, "_rearranged", missing)
    packing_works.cache_clear()
    assert not packing_works()
    monkeypatch.undo()
    packing_works.cache_clear()
    assert packing_works()


def test_eight_threads_with_different_sizes_get_their_own_answers():
    plain = convolution(kernel_size=3, padding=1)
    conv = packed(plain)
    jobs = [(1, 7), (4, 7), (1, 14), (2, 10)] * 50
    with torch.no_grad():
        expected = {job: plain(pictures(*job)) for job in set(jobs)}

    def run(job):
        with torch.inference_mode():  # of this thread
            return conv(pictures(*job)).clone()

    with ThreadPoolExecutor(8) as pool:
        for job, result in zip(jobs, pool.map(run, jobs), strict=True):
            assert_same(result, expected[job])
