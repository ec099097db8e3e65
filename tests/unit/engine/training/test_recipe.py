"""Training: the same weights whether or not it was stopped, and an honest protocol."""

import csv
from dataclasses import replace

import pytest
import torch
from PIL import Image

from effnet_viz.__main__ import main
from effnet_viz.engine import weights
from effnet_viz.engine.models import build_model
from effnet_viz.engine.training import classroom
from effnet_viz.engine.training.recipe import (
    PhotoSet,
    Recipe,
    load_photos,
    normalise,
    quieten,
    split_held_out,
    top1_percent,
    train,
)
from effnet_viz.errors import UserError
from effnet_viz.evidence import checkpoints, coarse
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, classroom_spec

TINY = replace(CLASSROOM_BASELINE, resolution_px=32)
RECIPE = Recipe(epochs=3, batch_size=8)


def colours(count: int, px: int = 40) -> PhotoSet:
    """Photos whose class is their colour, so that a network can learn them."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 10
    shades = torch.randint(0, 256, (10, 3, 1, 1), generator=generator)
    noise = torch.randint(0, 20, (count, 3, px, px), generator=generator)
    images = (shades[labels] + noise).clamp(0, 255).to(torch.uint8)
    return PhotoSet(images, labels, tuple("abcdefghij"), tuple(map(str, range(count))))


class KilledError(Exception):
    pass


def test_a_stopped_run_ends_with_the_same_weights(tmp_path):
    photos, held_out = split_held_out(colours(40))
    straight, history = train(TINY, photos, held_out, RECIPE, tmp_path / "a.pt")

    def kill(epoch: int, step: int, _steps: int) -> None:
        if (epoch, step) == (2, 3):
            raise KilledError

    with pytest.raises(KilledError):
        train(TINY, photos, held_out, RECIPE, tmp_path / "b.pt", on_step=kill)
    resumed, again = train(TINY, photos, held_out, RECIPE, tmp_path / "b.pt")
    for key, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key
    assert [(r.train_loss, r.held_out_top1) for r in history] == [
        (r.train_loss, r.held_out_top1) for r in again
    ]


def test_a_finished_run_is_not_trained_again(tmp_path):
    photos, held_out = split_held_out(colours(20))
    recipe = replace(RECIPE, epochs=1)
    train(TINY, photos, held_out, recipe, tmp_path / "a.pt")
    steps: list[int] = []
    _, history = train(
        TINY, photos, held_out, recipe, tmp_path / "a.pt", on_step=lambda *s: steps.append(1)
    )
    assert not steps
    assert len(history) == 1


def test_it_learns(tmp_path):
    photos = colours(80)
    recipe = Recipe(epochs=6, batch_size=8, seed=1)
    _, history = train(TINY, photos, photos, recipe, tmp_path / "a.pt")
    assert history[-1].train_loss < history[0].train_loss - 0.5


def test_seeds_differ(tmp_path):
    photos = colours(20)
    recipe = Recipe(epochs=1, batch_size=8)
    losses = [
        train(TINY, photos, photos, replace(recipe, seed=seed), tmp_path / name)[1][0].train_loss
        for seed, name in ((1, "a.pt"), (2, "b.pt"), (1, "c.pt"))
    ]
    assert losses[0] == losses[2] != losses[1]


def test_stop_keeps_what_is_finished(tmp_path):
    photos = colours(20)
    model, history = train(
        TINY, photos, photos, RECIPE, tmp_path / "a.pt", should_stop=lambda: True
    )
    assert not history
    assert not model.training


def test_a_foreign_checkpoint_is_refused(tmp_path):
    photos = colours(20)
    recipe = replace(RECIPE, epochs=1)
    train(TINY, photos, photos, recipe, tmp_path / "a.pt")
    for other in (
        (replace(TINY, resolution_px=33), photos, photos, recipe),
        (TINY, photos, photos, replace(recipe, epochs=2)),
        (TINY, replace(photos, detail=0.5), photos, recipe),
    ):
        with pytest.raises(UserError, match="another architecture, recipe or photo set"):
            train(*other, tmp_path / "a.pt")


def test_too_few_photos(tmp_path):
    with pytest.raises(UserError, match="fewer than one batch"):
        train(TINY, colours(5), colours(5), RECIPE, tmp_path / "a.pt")


def test_held_out_photos_are_never_trained_on():
    kept, held = split_held_out(colours(100))
    assert len(held) == 10
    assert not set(kept.files) & set(held.files)


def test_top1_counts_by_hand():
    photos = colours(30)

    class AlwaysThree(torch.nn.Module):
        def forward(self, x):
            return torch.nn.functional.one_hot(torch.full((len(x),), 3), 10).float()

    assert top1_percent(AlwaysThree(), photos, 32) == pytest.approx(10.0)


def test_normalise_is_imagenets():
    white = normalise(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8))
    assert white[0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.6400], abs=1e-4)


@pytest.fixture
def folder(tmp_path):
    """Imagenette's layout with 8 tiny photos a class for training and 2 for validation."""
    for number, wnid in enumerate(IMAGENETTE_CLASSES):
        for split, count in (("train", 8), ("val", 2)):
            (tmp_path / split / wnid).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (30, 20), (25 * number, 10 * i, 99)).save(
                    tmp_path / split / wnid / f"tiny_{wnid}_{i}.JPEG"
                )
    return tmp_path


def test_photos_are_read_in_class_order_without_the_left_out(folder):
    wnids = list(IMAGENETTE_CLASSES)
    photos = load_photos(folder / "train", leave_out=frozenset({f"tiny_{wnids[0]}_3.JPEG"}))
    assert len(photos) == 79
    assert photos.images.shape[1:] == (3, 224, 224)
    assert photos.classes == tuple(sorted(wnids))
    assert photos.labels.bincount().tolist() == [7] + [8] * 9
    assert not any(name.endswith(f"tiny_{wnids[0]}_3.JPEG") for name in photos.files)


def test_missing_folders_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match="lacks the class folders"):
        classroom.load_data(tmp_path)
    with pytest.raises(UserError, match="no folder"):
        load_photos(tmp_path / "none")
    (tmp_path / "empty" / "x").mkdir(parents=True)
    with pytest.raises(UserError, match="no photos"):
        load_photos(tmp_path / "empty")


def test_train_ships_a_role_that_evaluate_reproduces(folder, tmp_path, capsys):
    out = tmp_path / "out"
    shared = ["--data", str(folder), "--model", "baseline", "--out", str(out)]
    assert main(["train", *shared, "--epochs", "1", "--work", str(tmp_path / "work")]) == 0
    record = checkpoints.read_record("baseline", out)
    assert record["epochs"] == 1
    assert record["val_n"] == 20
    model = weights.load_model("classroom", "baseline", optimised=False, folder=out)
    assert model.spec == classroom_spec("baseline")
    capsys.readouterr()
    assert main(["evaluate", *shared, "--json"]) == 0
    assert '"same": true' in capsys.readouterr().out


def test_evaluate_fails_where_the_figure_is_another(folder, tmp_path):
    out = tmp_path / "out"
    shared = ["--data", str(folder), "--model", "baseline", "--out", str(out)]
    main(["train", *shared, "--epochs", "1", "--work", str(tmp_path / "work")])
    record = checkpoints.read_record("baseline", out)
    checkpoints.write_record({**record, "val_top1": record["val_top1"] + 5}, out)
    assert main(["evaluate", *shared]) == 1


def test_bad_training_options_are_one_line(folder, capsys):
    for extra in (["--epochs", "0"], ["--model", "huge"], ["--leave-out", "/nope"]):
        assert main(["train", "--data", str(folder), *extra]) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_less_detail_is_what_a_smaller_picture_shows():
    stripes = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    stripes[..., ::2] = 255
    fine = PhotoSet(stripes, torch.zeros(1, dtype=torch.int64), ("a",), ("a",))
    coarse = replace(fine, detail=0.5)
    assert torch.equal(fine.resized(stripes, 32), stripes)
    seen = coarse.resized(stripes, 32)
    assert seen.shape == stripes.shape
    assert seen[..., 2:-2, 2:-2].float().std() < 2  # the stripes are gone
    assert coarse.subset([0]).detail == 0.5


def test_a_run_with_less_detail_writes_its_record_and_ships_nothing(folder, tmp_path, capsys):
    out = tmp_path / "out"
    shared = ["--data", str(folder), "--out", str(out), "--work", str(tmp_path / "work")]
    command = ["train", *shared, "--model", "resolution", "--epochs", "1", "--detail-px"]
    assert main([*command, "96"]) == 0
    assert not out.exists()
    run = coarse.read_coarse(tmp_path / "results" / coarse.COARSE_FILE.name)
    assert (run.role, run.resolution_px, run.detail_px) == ("resolution", 192, 96)
    assert (run.macs, run.val_n, run.epochs) == (65977120, 20, 1)
    assert "--detail-px 96" in run.reproduce
    capsys.readouterr()
    for bad in ("0", "192", "half"):
        assert main([*command, bad]) == 2
        assert "error: " in capsys.readouterr().err.splitlines()[-1]


def test_the_shipped_networks_are_shown_less_detail(folder, tmp_path, capsys):
    out = tmp_path / "out"
    shared = ["--data", str(folder), "--model", "resolution", "--out", str(out)]
    main(["train", *shared, "--epochs", "1", "--work", str(tmp_path / "work")])
    capsys.readouterr()
    command = ["evaluate", *shared, "--detail-px", "48", "--json"]
    assert main(command) == 0
    table = tmp_path / "results" / coarse.BLURRED_FILE.name
    (row,) = coarse.read_blurred(table)
    assert (row.model, row.resolution_px, row.detail_px, row.val_n) == ("resolution", 192, 48, 20)
    assert main(command) == 0
    coarse.write_blurred([replace(row, val_top1=row.val_top1 + 5)], table)
    assert main(command) == 1
    assert main(["evaluate", *shared, "--detail-px", "192"]) == 2
    table.write_text("{")
    assert main(command) == 2


def test_a_damaged_record_of_less_detail_is_one_sentence(tmp_path):
    path = tmp_path / "coarse.json"
    assert coarse.read_coarse(path) is None
    path.write_text("{}")
    with pytest.raises(UserError, match="damaged"):
        coarse.read_coarse(path)


def test_another_seed_ships_beside_the_role(folder, tmp_path):
    out = tmp_path / "out"
    shared = ["--data", str(folder), "--model", "baseline", "--out", str(out), "--epochs", "1"]
    assert main(["train", *shared, "--seed", "2", "--work", str(tmp_path / "work")]) == 0
    assert checkpoints.shipped_roles(out) == ()
    assert [member.name for member in checkpoints.shipped_members(out)] == ["baseline-seed2"]
    record = checkpoints.read_record("baseline-seed2", out)
    assert (record["role"], record["seed"], record["recipe"]["seed"]) == ("baseline", 2, 2)
    model = weights.load_model("classroom", "baseline-seed2", folder=out)
    assert (model.role, model.name) == ("baseline", "baseline-seed2")
    with (tmp_path / "results" / checkpoints.CURVES_FILE.name).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["model"], row["seed"], row["epoch"]) == ("baseline-seed2", "2", "1")
    assert float(row["val_top1"]) == record["val_top1"]
    assert float(row["train_loss"]) == record["history"][0]["train_loss"]


def test_pictures_grow_to_the_networks_own_size():
    recipe = Recipe(epochs=20, first_size=0.58, growing_share=0.75)
    sizes = [recipe.train_px(96, epoch) for epoch in range(1, 21)]
    assert sizes[0] == 56
    assert sizes == sorted(sizes)
    assert sizes[15:] == [96] * 5
    assert {recipe.train_px(113, epoch) for epoch in range(16, 21)} == {113}
    assert {Recipe().train_px(113, epoch) for epoch in range(1, 21)} == {113}


def test_quiet_blocks_start_as_the_identity():
    model = build_model(classroom_spec("depth")).eval()
    quieten(model)
    blocks = [b for stage in model.features[1:-1] for b in stage if b.use_res_connect]
    assert len(blocks) == 67 - 6  # all but the first block of stages 3-8
    for block in blocks:
        channels = block.block[0][0].in_channels
        x = torch.randn(2, channels, 7, 7)
        assert torch.equal(block(x), x)


def test_a_file_that_is_no_photo_is_named_and_one_that_is_hidden_is_passed_over(
    folder, tmp_path, capsys
):
    inside = next(path for path in (folder / "train").iterdir() if path.is_dir())
    hidden, broken = inside / "._0.JPEG", inside / "zz.JPEG"
    hidden.write_bytes(b"\0\5\x16\7")  # as a Mac writes beside a photo
    count = len(load_photos(folder / "train"))
    broken.write_bytes(b"\xff\xd8\xff nothing more")
    try:
        with pytest.raises(UserError, match=r"zz\.JPEG cannot be read as a photo"):
            load_photos(folder / "train")
    finally:
        hidden.unlink()
        broken.unlink()
    assert len(load_photos(folder / "train")) == count


def test_a_damaged_checkpoint_is_one_sentence(tmp_path):
    (tmp_path / "it.pt").write_bytes(b"PK not really")
    photos = colours(10)
    with pytest.raises(UserError, match=r"it\.pt is damaged; remove it to begin anew"):
        train(TINY, photos, photos, RECIPE, tmp_path / "it.pt")
