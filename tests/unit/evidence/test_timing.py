"""What a benchmark's rows say, against numpy's fits."""

import csv
import io
import json
import math

import numpy as np
import pytest

from effnet_viz.evidence import timing
from tests.unit.evidence.rows import row


def test_a_fit_is_numpys_least_squares_in_logs():
    rng = np.random.default_rng(1)
    macs = rng.integers(10**6, 10**10, 12)
    ms = 3e-7 * macs**0.8 * np.exp(rng.normal(0, 0.3, 12))
    rows = [row(str(n), int(x), float(y)) for n, (x, y) in enumerate(zip(macs, ms, strict=True))]
    line = timing.fit(rows, "macs")
    slope, intercept = np.polyfit(np.log(macs), np.log(ms), 1)
    assert line.slope == pytest.approx(slope)
    assert line.factor_ms == pytest.approx(math.exp(intercept))
    assert line.r2 == pytest.approx(np.corrcoef(np.log(macs), np.log(ms))[0, 1] ** 2)
    off = np.log(ms) - np.polyval([slope, intercept], np.log(macs))
    assert line.typical_factor == pytest.approx(np.exp(np.sqrt(np.mean(off**2))))
    assert line.time_ms(1e9) == pytest.approx(np.exp(np.polyval([slope, intercept], np.log(1e9))))


def test_the_best_predictor_comes_first():
    rows = [
        row(str(n), macs, 2.0 * a, activations=a, params=p)
        for n, (macs, a, p) in enumerate(
            [(5, 10, 9), (70, 20, 4), (60, 40, 30), (300, 80, 2), (7, 160, 5), (900, 320, 6)]
        )
    ]
    lines = timing.fits(rows)
    assert lines[0].predictor == "activations"
    assert lines[0].r2 == pytest.approx(1)
    assert lines[0].slope == pytest.approx(1)
    assert lines[0].typical_factor == pytest.approx(1)
    factors = [line.typical_factor for line in lines]
    assert factors == sorted(factors)


def test_under_six_models_or_with_equal_times_there_is_no_line():
    five = [row(name, x, 2.0 * x) for x, name in enumerate("abcde", 1)]
    assert timing.fits(five) == []
    assert len(timing.fits([*five, row("f", 6, 12.0)])) == 3
    assert timing.fits([row(name, x, 4.0) for x, name in enumerate("abcdef", 1)]) == []


def test_the_contradiction_is_the_strongest_pair_beyond_the_spread():
    rows = [row("a", 100, 10, 1), row("b", 200, 9.5, 1), row("c", 400, 5, 1), row("d", 500, 50, 1)]
    found = timing.contradiction(rows)
    assert (found.light.model, found.heavy.model) == ("a", "c")
    assert (found.fewer_macs, found.longer) == (4, 2)
    assert timing.contradiction([row("a", 1, 1), row("b", 2, 2)]) is None
    assert timing.contradiction(rows[:2]) is None  # 10 ± 1 and 9.5 ± 1 ms overlap
    assert timing.contradiction([row("a", 100, 9), row("b", 110, 1)]) is None  # equal MACs


def test_equal_multiply_adds_and_the_most_different_times():
    rows = [row("a", 100, 10, 1), row("b", 104, 4, 1), row("c", 102, 7, 1), row("d", 200, 1)]
    found = timing.same_cost(rows)
    assert (found.light.model, found.heavy.model) == ("a", "b")
    assert found.longer == 2.5
    assert timing.same_cost([row("a", 100, 10), row("b", 106, 4)]) is None  # not equal
    assert timing.same_cost([row("a", 100, 10, 1), row("b", 100, 9, 1)]) is None  # overlap


def test_the_noisiest_row_and_only_where_it_is_noisy():
    rows = [row("a", 1, 10, 1), row("b", 2, 10, 2), row("c", 3, 10, 1.5)]
    assert timing.noisiest(rows).model == "b"
    assert timing.noisiest(rows[::2]) is None  # 11.5 / 8.5 ms
    assert timing.noisiest([]) is None


def test_speedup_and_throughput():
    rows = [row("resnet152", 2, 57.0), row("b1", 1, 10.0, batch_size=4)]
    assert timing.speedup(rows, "resnet152", "b1") == pytest.approx(5.7)
    assert timing.speedup(rows, "resnet152", "b7") is None
    assert timing.images_per_second(rows[1]) == pytest.approx(400)


def test_rows_survive_json_and_csv():
    rows = [row("a", 3, 1.25, 0.5), row("b", 4, 2.5, peak_memory_bytes=7)]
    back = [timing.from_dict(values) for values in json.loads(timing.as_json(rows))]
    assert back == rows
    table = list(csv.DictReader(io.StringIO(timing.as_csv(rows))))
    assert [line["median_ms"] for line in table] == ["1.25", "2.5"]
    assert table[0]["q1_ms"] == "0.75"
    assert table[0]["device_name"] == "CPU (test)"
    assert table[0]["torch"] == "2"
    assert table[1]["peak_memory_bytes"] == "7"
