from benchmarks.cost import compare


def test_fvcore_counts_the_same_and_takes_far_longer() -> None:
    row = compare("b0")
    assert row["macs"] == row["fvcore_macs"]
    assert float(row["times_faster"]) > 50
