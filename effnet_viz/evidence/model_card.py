"""The family's model card, written from the records, so that it cannot say anything else.

No torch here. ``python -m effnet_viz train`` writes it again whenever a network ships.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from effnet_viz.evidence.accuracy import standard_error
from effnet_viz.evidence.attention import (
    MEASURES,
    TILES_FILE,
    TITLES,
    TRAINED,
    AttentionRow,
    moved_by_placing,
    placing_sentence,
    read_attention,
    read_shifts,
    stands_out,
    verdict,
)
from effnet_viz.evidence.checkpoints import (
    CHECKPOINT_DIR,
    read_record,
    shipped_members,
    write_atomically,
)
from effnet_viz.evidence.coarse import read_blurred, read_coarse
from effnet_viz.evidence.family import (
    FamilyResult,
    certainty_sentence,
    detail_or_work,
    detail_sentence,
    family_results,
    less_detail,
    less_detail_sentence,
    order_sentence,
    pairs,
    step_two_sentence,
    steps_sentence,
)
from effnet_viz.evidence.search.records import read_outcome
from effnet_viz.evidence.seeds.agreement import agreement_sentence, read_agreement
from effnet_viz.evidence.seeds.squash import read_squash, squash_sentence
from effnet_viz.scaling.families import ClassroomMember

CARD_FILE = CHECKPOINT_DIR.parent / "MODEL_CARD.md"

Shipped = tuple[ClassroomMember, dict[str, Any]]


def write_card(folder: Path = CHECKPOINT_DIR, path: Path = CARD_FILE) -> Path:
    """Write the card of what ships in ``folder``."""
    write_atomically(path, card(folder).encode())
    return path


def card(folder: Path = CHECKPOINT_DIR) -> str:
    """The card as Markdown, with the shipped measurements of where the networks look."""
    shipped = [(member, read_record(member.name, folder)) for member in shipped_members(folder)]
    sections = (_title(), _table(shipped), _training(shipped), _findings(folder), _limits())
    attention = read_attention()
    looks = (_attention(attention),) if attention else ()
    return "\n".join(_wrapped(section) for section in (*sections, *looks, _licence()))


def _wrapped(section: str) -> str:
    """The section with its plain paragraphs broken at 100 columns."""
    paragraphs = [
        paragraph
        if paragraph.startswith(("|", "#", "- "))
        else textwrap.fill(" ".join(paragraph.split()), 100, break_on_hyphens=False)
        for paragraph in section.strip().split("\n\n")
    ]
    return "\n\n".join(paragraphs) + "\n"


def _title() -> str:
    return """# Model card: the classroom family

Small EfficientNets, trained by this project in the same way, that differ only in how they were
scaled. They are made for looking at scaling on a laptop, not for recognising things.
"""


def _table(shipped: Sequence[Shipped]) -> str:
    baseline = next(record["macs"] for member, record in shipped if member.name == "baseline")
    lines = [
        "| network | d | w | input px | parameters | multiply-adds | × baseline | held out "
        "| validation |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for member, record in shipped:
        m = member.multipliers
        lines.append(
            f"| {member.name} | {m.depth:.3g} | {m.width:.3g} | {m.resolution_px} "
            f"| {record['params']:,} | {record['macs'] / 1e6:.1f} M "
            f"| {record['macs'] / baseline:.2f}× | {record['held_out_top1']:.1f} % "
            f"| **{record['val_top1']:.1f} %** |"
        )
    n = shipped[0][1]["val_n"]
    return (
        "\n".join(lines)
        + f"""

Top-1 accuracy. *Held out*: 909 training photos kept back, read after every epoch. *Validation*:
{n:,} photos no training saw, read once, with the half-precision weights that ship; chance is 10 %,
and the figure's standard error is about {standard_error(shipped[0][1]["val_top1"], n):.1f} points.
`python -m effnet_viz evaluate --data FOLDER` measures every figure again;
`assets/results/classroom-hits` keeps which photos each network got right. Parameters and
multiply-adds are computed, and tested against torch's flop counter.
"""
    )


def _training(shipped: Sequence[Shipped]) -> str:
    recipe = shipped[0][1]["recipe"]
    grows = (
        f" pictures that grow from {recipe['first_size']:.0%} of the network's size in the first "
        f"epoch to all of it after {recipe['growing_share']:.0%} of the epochs,"
        if recipe.get("first_size", 1) < 1
        else ""
    )
    quiet = (
        " Blocks with a skip start as the identity (their last batch norm's scale is 0); without "
        "that the deep network barely learns."
        if recipe.get("quiet_blocks")
        else ""
    )
    return f"""## How they were trained

{recipe["epochs"]} epochs on 8,186 photos of Imagenette 2's training split, on a CPU: AdamW
({recipe["learning_rate"]:g}, weight decay {recipe["weight_decay"]:g}), one-cycle schedule, label
smoothing {recipe["label_smoothing"]:g}, batches of {recipe["batch_size"]},{grows} random resized
crops from {recipe["crop_area_min"]:.0%} of the area, flips. The same for every network.{quiet}
Each record beside the weights holds the recipe and the curve, epoch by epoch;
`assets/results/classroom-curves.csv` has them all.
"""


def _findings(folder: Path) -> str:
    found = family_results(folder)
    shown = less_detail(found, read_blurred())
    trained = detail_or_work(found, read_coarse())
    more = [
        order_sentence(found),
        steps_sentence(found),
        certainty_sentence(found),
        step_two_sentence(read_outcome()),
        less_detail_sentence(shown) if shown else "",
        detail_sentence(trained) if trained else "",
    ]
    more.insert(3, _pairs(found))
    return "## What they show\n\n" + "\n\n".join(filter(None, more)) + "\n"


def _pairs(found: Sequence[FamilyResult]) -> str:
    """Every two roles: by how much they differ, and how sure that is."""
    lines = ["| better | than | points | 95 % | photos | with luck |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for pair in pairs(found):
        by = pair.by
        mark = "**" if pair.apart else ""
        lines.append(
            f"| {pair.better.role} | {pair.worse.role} | {mark}{by.points:+.1f}{mark} "
            f"| {by.low:+.1f} to {by.high:+.1f} | {by.photos.variance**0.5:.2f} "
            f"| {by.error:.2f} |"
        )
    return (
        "\n".join(lines)
        + """

Differences of every two roles, photo by photo, with standard errors: by chance among the photos
alone, then with luck of the start. Luck is the variance between seeds of one network, added to that
over photos, paired. Both hold what a seed does to single photos, so the sum is rather too
large, as that of Owen's pigeonhole bootstrap (2007); why seeds count: Bouthillier et al. 2021.
Intervals are Cochran and Cox's (1950). Bold is beyond chance with every pair counted (Holm 1979),
which asks for more than that the interval excludes 0."""
    )


def _limits() -> str:
    squashed = squash_sentence(read_squash())
    return f"""## What they do not show

- They say nothing about ImageNet or about large networks: ten easy classes, some tens of
  millions of multiply-adds, a short training.
- They know ten classes and answer with one of them for any photo.
- They were trained and validated on photos squashed to squares; the app shows them undistorted
  centre squares.

{squashed}
"""


def _attention(rows: Sequence[AttentionRow]) -> str:
    measures = [m for m in MEASURES if any(row.measure == m for row in rows)]
    lines = [
        "| network | weights | " + " | ".join(measures) + " |",
        "|---|---|" + "---|" * len(measures),
    ]
    values = {(row.model, row.weights, row.measure): row for row in rows if not row.compared_with}
    for model, kind in dict.fromkeys((row.model, row.weights) for row in rows):
        cells = []
        for measure in measures:
            row = values.get((model, kind, measure))
            star = " *" if row and kind == TRAINED and stands_out(rows, row) else ""
            cells.append(f"{row.value:.1f} ({row.low:.1f}-{row.high:.1f}){star}" if row else "")
        lines.append(f"| {model} | {kind} | " + " | ".join(cells) + " |")
    photos = {row.measure: row.n for row in rows if not row.compared_with}
    meanings = "\n".join(f"- {name}, {photos[name]} photos: {MEASURES[name]}" for name in measures)
    tiled = read_attention(TILES_FILE)
    verdicts = "\n\n".join(
        f"**{TITLES[name]}.** {verdict(rows, name)} {moved_by_placing(rows, tiled, name)}"
        for name in measures
    )
    placed = placing_sentence(read_shifts())
    placed = f"\n\n**Where a cell lies.** {placed}" if placed else ""
    alike = agreement_sentence(read_agreement())
    alike = f"\n\n**Two seeds, two roles.** {alike}" if alike else ""
    return (
        """## Where they look

Grad-CAM of the last stage for the true class, on photos with boxes that no training saw, every map
on one grid, its cells round the centres of what they see; in brackets 95 % bootstrap intervals. A
star marks what differs from the mean of the baseline's seeds by more than these do from each other,
beyond chance among the photos.

"""
        + "\n".join(lines)
        + f"\n\n{meanings}\n\n{verdicts}{alike}{placed}\n"
    )


def _licence() -> str:
    return """## Data and licence

Imagenette (Apache-2.0) is a subset of ImageNet, whose photos belong to their owners and are for
non-commercial research and education. No photo is part of this project. The weights are this
project's own.
"""
