from __future__ import annotations

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.search.records import read_outcome
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE, EFFICIENTNET_B0
from effnet_viz.scaling.compound import Multipliers
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    CLASSROOM_COMPOUND,
    FAMILIES,
    IMAGENETTE_CLASSES,
    RESNET50_MATCHED_PX,
    ROLES,
    classroom_member,
    classroom_spec,
    find_model,
    models,
    released_spec,
    scaled_role,
)


def test_roles_in_their_fixed_order() -> None:
    assert ROLES == ("baseline", "depth", "width", "resolution", "compound")
    assert [entry.role for entry in models("classroom")] == list(ROLES)
    assert [entry.name for entry in models("classroom")] == list(ROLES)


@pytest.mark.parametrize("role", ROLES[1:])
def test_each_scaled_classroom_role_costs_four_baselines_within_5_percent(role: str) -> None:
    ratio = network_cost(classroom_spec(role)).macs / network_cost(CLASSROOM_BASELINE).macs
    assert ratio == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize(
    ("role", "changes"),
    [
        ("depth", {"repeats"}),
        ("width", {"out_channels"}),
        ("resolution", set()),
        ("compound", {"repeats", "out_channels"}),
    ],
)
def test_each_classroom_role_scales_only_its_own_dimension(role: str, changes: set[str]) -> None:
    spec = classroom_spec(role)
    pairs = list(zip(CLASSROOM_BASELINE.stages, spec.stages, strict=True))
    changed = {
        name
        for name in ("operator", "kernel_size", "stride", "expand_ratio", "out_channels", "repeats")
        if any(getattr(before, name) != getattr(after, name) for before, after in pairs)
    }
    assert changed == changes
    assert (spec.resolution_px != 96) == (role in ("resolution", "compound"))


def test_classroom_classes_are_imagenette_s_in_folder_order() -> None:
    assert list(IMAGENETTE_CLASSES) == sorted(IMAGENETTE_CLASSES)
    assert len(IMAGENETTE_CLASSES) == CLASSROOM_BASELINE.num_classes == 10


def test_imagenet_family() -> None:
    names = [entry.name for entry in models("imagenet")]
    assert names == ["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b0@448"]
    assert [entry.role for entry in models("imagenet")] == [
        "baseline",
        *7 * ["compound"],
        "resolution",
    ]
    assert find_model("imagenet", "b0").spec == EFFICIENTNET_B0
    assert find_model("imagenet", "b0@448").spec.resolution_px == 448
    assert find_model("imagenet", "b2").spec.resolution_px == 288  # as torchvision evaluates it
    assert "260" in find_model("imagenet", "b2").note
    assert released_spec("b7").dropout == 0.5


def test_resnet_family_costs_about_the_same_apart_from_its_baseline() -> None:
    entries = models("resnet50")
    assert [(entry.name, entry.role) for entry in entries] == [
        ("resnet50", "baseline"),
        ("resnet152", "depth"),
        ("wide_resnet50_2", "width"),
        (f"resnet50@{RESNET50_MATCHED_PX}", "resolution"),
    ]
    gmacs = [network_cost(entry.spec).macs / 1e9 for entry in entries]
    assert gmacs == pytest.approx([4.089, 11.5, 11.4, 11.4], rel=0.03)
    assert all(entry.note for entry in entries[1:])


def test_defaults_exist_and_keys_are_unique() -> None:
    for name, family in FAMILIES.items():
        assert [find_model(name, model).name for model in family.default] == list(family.default)
        assert {entry.family for entry in models(name)} == {name}
    keys = [entry.key for family in FAMILIES for entry in models(family)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("family", "name", "message"),
    [
        ("classroom", "tall", "The classroom family has no model 'tall'; it has baseline, depth"),
        ("classroom", "baseline@192", "has no model 'baseline@192'"),
        ("imagenet", "b8", "has no model 'b8'"),
        ("imagenet", "b1@300", "has no model 'b1@300'"),
        ("imagenet", "b0@", "Write the resolution as whole pixels"),
        ("imagenet", "b0@-3", "Write the resolution as whole pixels"),
        ("imagenet", "b0@100000000", "resolution_px must be between 8 and 8000"),
        ("resnet50", "resnet152@448", "has no model 'resnet152@448'"),
        ("resnet50", "resnet50@x", "Write the resolution as whole pixels"),
        ("lite", "lite3", "has no model 'lite3'; it has lite0, lite1, lite2, lite0@320"),
        ("lite", "lite1@300", "has no model 'lite1@300'"),
        ("lite", "lite0@big", "Write the resolution as whole pixels"),
        ("vgg", "16", "no family 'vgg'; choose classroom, lite, imagenet, resnet50 or custom"),
    ],
)
def test_wrong_names_say_what_exists(family: str, name: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        find_model(family, name)
    assert message in str(error.value)


def test_custom_has_no_list() -> None:
    with pytest.raises(UserError, match="no family 'custom'"):
        models("custom")


def test_unknown_role() -> None:
    with pytest.raises(UserError, match="no role 'tall'; choose one of baseline, depth"):
        classroom_spec("tall")


@pytest.mark.parametrize("name", ["depth-2x", "width-2x", "resolution-2x"])
def test_each_halfway_point_costs_two_baselines_within_10_percent(name: str) -> None:
    member = classroom_member(name)
    ratio = network_cost(member.spec).macs / network_cost(CLASSROOM_BASELINE).macs
    assert ratio == pytest.approx(2, rel=0.1)
    assert (member.role, member.times, member.seed) == (name[:-3], 2, 0)


def test_other_seeds_are_the_same_network() -> None:
    member = classroom_member("width-seed2")
    assert (member.role, member.times, member.seed) == ("width", 4, 2)
    assert member.spec == classroom_spec("width")
    assert find_model("classroom", "width-seed2").role == "width"
    assert classroom_member("depth-2x-seed11").seed == 11


@pytest.mark.parametrize(
    "name",
    [
        "",
        "b0",
        "baseline-2x",
        "compound-2x",
        "depth-seed0",
        "depth-seed",
        "depth-seed01",
        "depth-4x",
        "depth-seed-1",
        "depth-seed²",
    ],
)
def test_unknown_members(name: str) -> None:
    with pytest.raises(UserError, match="There is no role"):
        classroom_member(name)
    with pytest.raises(UserError):
        find_model("classroom", name)


def test_the_compound_role_is_the_searchs_best_mixture_with_phi_solved_for_four_times_the_cost():
    outcome = read_outcome()
    mixture = outcome["best_mixture"]
    found = (CLASSROOM_COMPOUND.alpha, CLASSROOM_COMPOUND.beta, CLASSROOM_COMPOUND.gamma)
    assert found == (mixture["alpha"], mixture["beta"], mixture["gamma"])
    assert CLASSROOM_COMPOUND.phi == mixture["compound"]["phi"]
    assert network_cost(classroom_spec("compound")).macs == mixture["compound"]["macs"]


@pytest.mark.parametrize(
    ("multipliers", "role"),
    [
        (Multipliers(1, 1, 224), "baseline"),
        (Multipliers(2, 1, 224), "depth"),
        (Multipliers(1, 0.5, 224), "width"),
        (Multipliers(1, 1, 225), "resolution"),
        (Multipliers(1.1, 1, 240), "compound"),
    ],
)
def test_the_role_of_multipliers(multipliers: Multipliers, role: str) -> None:
    assert scaled_role(EFFICIENTNET_B0, multipliers) == role
