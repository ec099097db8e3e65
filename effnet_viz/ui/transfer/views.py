"""What came out, from the verdict to the files to take away."""

from __future__ import annotations

import streamlit as st

from effnet_viz.engine.transfer import export, results
from effnet_viz.engine.transfer.photo_sets import Sets
from effnet_viz.engine.transfer.results import NetworkResult, TransferStudy
from effnet_viz.figures.base import si
from effnet_viz.ui.shared import model_views, parts
from effnet_viz.ui.transfer import charts, new_photo, photo_input, training
from effnet_viz.ui.transfer.photo_input import plain

WRONG_SHOWN = 24
#: Columns of the table's file alone: the numbers unrounded.
_IN_FILE = ("right, %", "from, %", "to, %", "shuffled, %", "macs", "ms", "ridge penalty")
#: The uploader names the server's limit, which is not a photo's.
_STYLE = """<style>
[data-testid='stFileUploaderDropzoneInstructions'] {display: none}
</style>"""


def page() -> None:
    """Photos and networks on the left, what came out on the right."""
    st.html(_STYLE)
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        sets, is_example = photo_input.chosen_sets()
        keys = training.chosen_networks()
    if st.session_state.pop("transfer_deleted", False):
        st.toast("Deleted: photos, heads and results.", icon=":material/delete:")
    with effect, model_views.shown_errors():
        device = model_views.chosen_device()
        study = training.trained(sets, keys, device, is_example=is_example)
        if study is not None:
            _outcome(study)
    if study is None:
        return
    new_photo.section(study, sets, device)
    _mistakes(study, sets)
    _take_away(study)


def _outcome(study: TransferStudy) -> None:
    st.markdown(f"**{plain(results.verdict(study))}**")
    border = results.on_the_border(study)
    if border:
        st.warning(
            f"For {plain(', '.join(border))} most networks look more at the border of the photos "
            "than at their middle: what the photos share may be their background.",
            icon=":material/crop_free:",
        )
    macs, seconds = st.columns(2)
    alt = ", ".join(
        f"{each.title} {each.accuracy:.0f} % ({each.interval[0]:.0f} to {each.interval[1]:.0f})"
        for each in study.networks
    )
    with macs:
        parts.chart(
            charts.accuracy_against(study, lambda each: each.macs / 1e6, "multiply-adds, M"),
            "transfer_macs", f"Accuracy against multiply-adds: {alt}.",
        )  # fmt: skip
    with seconds:
        parts.chart(
            charts.accuracy_against(study, lambda each: 1000 * each.seconds, "ms per photo"),
            "transfer_seconds", f"Accuracy against time: {alt}.",
        )  # fmt: skip
    parts.table(
        [_row(each) for each in (*study.networks, study.random)],
        name="your-classes",
        alt="Every network on your photos, and its controls",
        hidden=_IN_FILE,
    )
    orders = len(study.random.shuffled)
    st.caption(
        "**Shuffled labels** leave nothing to learn, so heads trained on them should do as well as "
        f"guessing, {100 / len(study.classes):.0f} % (mean, least and most of {orders} random "
        f"orders). {_of_random_weights(study)}",
        help=f"The {len(study.labels)} photos: {study.folds}. Bars and intervals are Wilson's "
        "95 %. Which network is best is an exact sign test on the same photos, corrected for the "
        "number of networks. Times are of this run, in batches.",
    )


def _of_random_weights(study: TransferStudy) -> str:
    control = study.random
    right = f"{control.right} of {control.photos} right"
    if control.interval[0] > study.chance:
        said = f"never trained, yet {right}: so much can be told from colours and textures alone."
    else:
        said = f"{right}, not surely more than guesses: what tells these classes apart is learned."
    return f"**{control.title}**: {said}"


def _row(result: NetworkResult) -> dict[str, str | float]:
    low, high = result.interval
    least, most = result.shuffled_range
    in_file = (
        result.accuracy, low, high, result.shuffled_accuracy, result.macs,
        1000 * result.seconds, result.head.alpha,
    )  # fmt: skip
    return {
        "network": result.title,
        "right": f"{result.right} of {result.photos}".replace(" ", "\u00a0"),
        "95 % interval": f"{max(0.0, low):.0f} to {high:.0f} %",
        "shuffled labels": f"{result.shuffled_accuracy:.0f} % ({least:.0f} to {most:.0f})",
        "multiply-adds": si(result.macs),
        "ms per photo": f"{1000 * result.seconds:.1f}",
        "weights": model_views.weights_kind(result.weights),
        **dict(zip(_IN_FILE, in_file, strict=True)),
    }


def _mistakes(study: TransferStudy, sets: Sets) -> None:
    st.header("What it gets wrong")
    titles = {each.title: each for each in study.networks}
    labels = {
        each.title: f"{each.title}, {len(study.wrong(each))} wrong" for each in study.networks
    }
    chosen = st.segmented_control(
        "Network", list(titles), default=next(iter(titles)), required=True, key="transfer_network",
        format_func=labels.__getitem__,  # Streamlit keeps it for the visit: it holds no results
    )  # fmt: skip
    result = titles.get(chosen or "", study.networks[0])
    left, right = st.columns([1, 1.6], gap="large")
    table = study.confusion(result)
    alt = "; ".join(
        f"{name}: "
        + ", ".join(f"{n} as {said}" for n, said in zip(row, study.classes, strict=True))
        for name, row in zip(study.classes, table.tolist(), strict=True)
    )
    with left:
        parts.chart(charts.confusion(study, result), "transfer_confusion", f"Confusion: {alt}.")
    with right:
        wrong = study.wrong(result)
        if not wrong:
            st.success(f"{result.title} has none of these photos wrong.", icon=":material/check:")
        photos = [photo for each in sets for photo in each.photos]
        with st.container(horizontal=True):
            for number in wrong[:WRONG_SHOWN]:
                said, true = study.classes[result.said[number]], study.classes[study.labels[number]]
                photo = photos[number]
                with st.container(width=120):
                    st.image(
                        photo.image.resize((112, 112)),
                        alt=f"{photo.title}: {true}, said to be {said}",
                    )
                    st.caption(f"{plain(true)}, said to be {plain(said)}")
        if len(wrong) > WRONG_SHOWN:
            st.caption(f"And {len(wrong) - WRONG_SHOWN} more.")


def _take_away(study: TransferStudy) -> None:
    with st.expander("Take it away", icon=":material/download:"):
        titles = {each.title: each for each in study.networks}
        chosen = titles[st.selectbox("Head of", list(titles), key="transfer_export")]
        st.download_button(
            "Head (npz)",
            export.npz(study, chosen),
            file_name=export.file_name(chosen),
            mime="application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
            key="transfer_npz",
        )
        st.code(export.LINES.format(file=export.file_name(chosen)), language="python")
