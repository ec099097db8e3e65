"""Everything that ships of the family: counted again by torch, trained alike, small enough."""

import hashlib
from dataclasses import asdict

import pytest

from effnet_viz.engine.models import build_model
from effnet_viz.engine.training import classroom
from effnet_viz.evidence import splits
from effnet_viz.evidence.checkpoints import (
    CHECKPOINT_DIR,
    checkpoint_paths,
    read_record,
    shipped_members,
)
from effnet_viz.scaling.families import CLASSROOM_HALFWAY, ROLES, classroom_member
from tests.oracle.torch_counts import count, skeletons

MEMBERS = [member.name for member in shipped_members()]


@pytest.fixture(params=MEMBERS)
def name(request):
    return request.param


def test_the_roles_their_halfway_points_and_three_seeds_of_the_baseline_ship():
    halfway = [f"{role}-2x" for role in CLASSROOM_HALFWAY]
    assert {*ROLES, *halfway, "baseline-seed1", "baseline-seed2"} <= set(MEMBERS)


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in CHECKPOINT_DIR.iterdir()) < 60e6


def test_parameters_and_multiply_adds_are_what_torch_counts(name):
    record, spec = read_record(name), classroom_member(name).spec
    with skeletons():
        module = build_model(spec)
    counted = count(module, spec.resolution_px)
    assert (record["params"], record["macs"]) == (counted.params, counted.macs)
    assert record["resolution_px"] == spec.resolution_px
    assert record["architecture"] == [asdict(stage) for stage in spec.stages]


def test_cost_is_a_multiple_of_the_baselines(name):
    member = classroom_member(name)
    ratio = read_record(name)["macs"] / read_record("baseline")["macs"]
    assert ratio == pytest.approx(member.times, rel=0.1 if member.times == 2 else 0.05)


def test_the_weights_are_those_of_the_record(name):
    weights, _ = checkpoint_paths(name)
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == read_record(name)["sha256"]


def test_one_recipe_to_its_end_and_one_reading_of_all_validation_photos(name):
    record, member = read_record(name), classroom_member(name)
    assert record["recipe"] == asdict(classroom.RECIPE) | {"seed": member.seed}
    assert record["seed"] == member.seed
    assert [row["epoch"] for row in record["history"]] == list(range(1, record["epochs"] + 1))
    assert record["epochs"] == classroom.RECIPE.epochs
    assert record["held_out_top1"] == pytest.approx(
        record["history"][-1]["held_out_top1"], abs=0.01
    )
    assert record["val_n"] == len(splits.read_names("val"))


def test_every_seed_of_the_baseline_reaches_79_percent():
    for name in MEMBERS:
        if classroom_member(name).role == "baseline":
            assert read_record(name)["val_top1"] >= 79, name


def test_the_curves_are_flat_at_their_end(name):
    last = [row["held_out_top1"] for row in read_record(name)["history"][-5:]]
    assert max(last) - min(last) < 3
