"""The command line: ``python -m effnet_viz COMMAND`` or ``effnet-viz COMMAND``, with the commands
app, cost, predict, cam, bench, train, search, evaluate and doctor.

This file says what can be typed; `effnet_viz.cli` does it. With ``--json`` nothing but JSON
goes to standard output. An error is one line on standard error; the exit code is 2 for bad input
and 1 for a failure.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

from effnet_viz import __version__
from effnet_viz.cli import cam, cost, evaluate, predict
from effnet_viz.cli.photos import WHAT
from effnet_viz.cli.terminal import BAD_INPUT, FAILURE, INTERRUPTED, print_error
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.files import output
from effnet_viz.evidence.search.points import DEFAULT_POINTS, SEARCH_EPOCHS
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    LATER_VARIANTS,
    RELEASED_VARIANTS,
    VARIANTS,
)
from effnet_viz.scaling.compound import PAPER_ALPHA, PAPER_BETA, PAPER_GAMMA
from effnet_viz.scaling.families import CLASSROOM_EPOCHS


class Parser(argparse.ArgumentParser):
    """argparse, except that a wrong command line is a UserError instead of an exit."""

    def error(self, message: str) -> NoReturn:
        """Raise UserError with argparse's own message and where to read more."""
        raise UserError(f"{message}; see {self.prog} --help")


AddParser = Callable[..., argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code and prints errors as one line on standard error."""
    try:
        with _quiet_libraries():
            options = parser().parse_args(arguments)
            result = options.run(options)
        sys.stdout.flush()
    except UserError as error:
        print_error(str(error))
        return FAILURE if isinstance(error, ResourceError) else BAD_INPUT
    except KeyboardInterrupt:
        print_error("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has gone, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        print_error(
            f"{type(error).__name__}: {error} (an error in this program; "
            "`python -X dev -m effnet_viz ...` shows where)"
        )
        return FAILURE
    return FAILURE if result is False else BAD_INPUT if result == BAD_INPUT else 0


def parser() -> Parser:
    """The parser of all commands; each sets ``run``, a function of the parsed options that returns
    False where it failed, and `BAD_INPUT` where it did so for a part of its input."""
    top = Parser(
        prog=_how_started(),
        description="See compound scaling: what a scaled network costs, predicts and looks at.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"effnet_viz {__version__}")
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_parser = partial(subparsers.add_parser, allow_abbrev=False)
    for add in (
        *(_add_app, _add_cost, _add_predict, _add_cam, _add_bench),
        *(_add_train, _add_search, _add_evaluate, _add_doctor),
    ):
        add(add_parser)
    return top


def _how_started() -> str:
    """What was typed to start this program, for its usage lines and hints."""
    script = "effnet-viz"
    return script if Path(sys.argv[0]).stem == script else "python -m effnet_viz"


def _add_app(add_parser: AddParser) -> None:
    command = add_parser("app", help="start the web app, from any folder")
    command.add_argument(
        "--port", type=int, metavar="N", help="default: 8501, or the next one that is free"
    )
    command.add_argument(
        "--class", action="store_true", dest="for_class",
        help="for a whole class: reachable in the room's network, with its address as a QR code",
    )  # fmt: skip
    command.set_defaults(run=_run_app)


def _add_cost(add_parser: AddParser) -> None:
    command = add_parser("cost", help="parameters, multiply-adds and stages of a scaled network")
    _add_scaling(command)
    ends = command.add_argument_group("its first and its last layer")
    ends.add_argument("--num-classes", type=_number, metavar="N", help="default: the baseline's")
    ends.add_argument("--in-channels", type=_number, metavar="N", help="default: 3, a colour photo")
    step = command.add_argument_group("what training it needs in memory")
    step.add_argument("--training", action="store_true", help="float32, Adam, nothing recomputed")
    step.add_argument("--batch", type=int, metavar="N", help="photos in a step (default: 1)")
    _add_json(command)
    command.set_defaults(run=cost.run_cost)


def _add_predict(add_parser: AddParser) -> None:
    command = add_parser("predict", help="what models say about photos")
    command.add_argument("images", nargs="+", metavar="IMAGE", help=WHAT)
    _add_square(command, "each model's own preprocessing")
    _add_models(command)
    command.add_argument("--top", type=int, default=5, metavar="K", help="default: 5 classes")
    _add_scaling(command)
    _add_json(command)
    command.set_defaults(run=predict.run_predict)


def _add_cam(add_parser: AddParser) -> None:
    command = add_parser("cam", help="where models look: class activation maps of photos")
    command.add_argument("images", nargs="+", metavar="IMAGE", help=WHAT)
    _add_square(command, "the largest in the centre")
    _add_models(command)
    command.add_argument(
        "--method", choices=cam.CAM_METHODS, default="gradcam", metavar="METHOD",
        help=f"{', '.join(cam.CAM_METHODS)} (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--target-class", metavar="NAME", help="label or index; default: the first model's top one"
    )
    command.add_argument("--stage", type=int, metavar="N", help="default: the last, before pooling")
    command.add_argument(
        "--out", metavar="PATH",
        help="write a contact sheet, e.g. sheet.png; of several photos, into this folder",
    )  # fmt: skip
    command.add_argument(
        "--npz", metavar="PATH",
        help="write the raw maps, one array per model; of several photos, into this folder",
    )  # fmt: skip
    _add_scaling(command)
    _add_json(command)
    command.set_defaults(run=cam.run_cam)


def _add_bench(add_parser: AddParser) -> None:
    command = add_parser("bench", help="how long models take on this machine, beside their cost")
    command.add_argument(
        "--model", nargs="+", action="extend", metavar="NAME",
        help="baseline depth width resolution compound b0..b7 resnet50 resnet152 custom; default: "
        "the five roles and b0; custom takes the scaling options below",
    )  # fmt: skip
    command.add_argument(
        "--device", default="cpu", help="auto, cpu, cuda or mps (default: %(default)s)"
    )
    command.add_argument(
        "--threads", nargs="+", default=["1"], metavar="N",
        help="or all; several are measured one by one; default: 1, as in the paper's table 4",
    )  # fmt: skip
    command.add_argument(
        "--batch-size", nargs="+", type=int, default=[1], metavar="N",
        help="1 to 32 images; of several, a model is measured at those it can be",
    )  # fmt: skip
    command.add_argument("--repeats", type=int, metavar="N", help="default: 5 to 30, by the time")
    command.add_argument(
        "--runtime", choices=("engine", "torch", "both"), default="engine",
        help="engine: as the app runs it; torch: plain PyTorch (default: %(default)s)",
    )  # fmt: skip
    _add_scaling(command)
    _add_json(command)
    command.set_defaults(run=_run_bench)


def _add_train(add_parser: AddParser) -> None:
    command = add_parser("train", help="train the classroom family; a stopped run goes on")
    _add_data(command)
    command.add_argument("--epochs", type=int, default=CLASSROOM_EPOCHS, metavar="N")
    command.add_argument("--seed", type=int, default=0, metavar="N")
    command.add_argument(
        "--leave-out",
        metavar="FILE",
        help="file names never to train on (default: the boxed photos)",
    )
    command.add_argument(
        "--detail-px", type=int, metavar="N",
        help="an experiment: pictures are shrunk to N pixels and enlarged again; writes "
        "results/classroom-coarse.json and ships no weights",
    )  # fmt: skip
    command.add_argument(
        "--work", default="runs", metavar="FOLDER", help="checkpoints (default: %(default)s)"
    )
    command.add_argument(
        "--out", default=str(output("checkpoints")), metavar="FOLDER",
        help="weights and records; tables go to results beside it (default: %(default)s)",
    )  # fmt: skip
    command.set_defaults(run=_run_train)


def _add_search(add_parser: AddParser) -> None:
    command = add_parser("search", help="the small grid search; a stopped one goes on")
    _add_data_folder(command)
    command.add_argument("--leave-out", metavar="FILE", help="file names never to train on")
    command.add_argument(
        "--work", default="runs/search", metavar="FOLDER",
        help="checkpoints (default: %(default)s); the same command in a second terminal shares "
        "the points",
    )  # fmt: skip
    command.add_argument("--epochs", type=int, default=SEARCH_EPOCHS, metavar="N")
    command.add_argument("--seed", type=int, default=0, metavar="N")
    command.add_argument(
        "--points", type=int, default=DEFAULT_POINTS, metavar="N",
        help="the first N of corners, mixtures and pairs (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--best", type=int, metavar="N",
        help="of these only the N that the first seed in OUT found best: for other seeds of them",
    )  # fmt: skip
    command.add_argument("--batch-size", type=int, metavar="N", help="default: the recipe's")
    command.add_argument("--per-class", type=int, metavar="N", help="default: all photos")
    command.add_argument(
        "--held-out", type=float, default=0.1, metavar="SHARE", help="for selection, default 0.1"
    )
    command.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    command.add_argument(
        "--out", default=str(output("results")), metavar="FOLDER",
        help="CSV and JSON (default: %(default)s)",
    )  # fmt: skip
    command.set_defaults(run=_run_search)


def _add_evaluate(add_parser: AddParser) -> None:
    command = add_parser("evaluate", help="measure the shipped weights on validation photos again")
    _add_data(command)
    evaluate.add_measures(command)
    _add_json(command)
    command.set_defaults(run=evaluate.run_evaluate)


def _add_data_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        metavar="FOLDER",
        help="holds train/<wnid>/ and val/<wnid>/ (default: the folder EFFNET_VIZ_DATA names, else "
        "Imagenette, fetched once, 340 MB)",
    )


def _add_data(command: argparse.ArgumentParser) -> None:
    _add_data_folder(command)
    command.add_argument(
        "--model",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="a role, role-2x, role-seed1 (default: the five roles; evaluate: all that ship)",
    )


def _run_app(options: argparse.Namespace) -> None:
    from effnet_viz.cli.app import run_app  # streamlit

    run_app(options)


def _run_bench(options: argparse.Namespace) -> None:
    from effnet_viz.cli.bench import run_bench  # torch

    run_bench(options)


def _run_train(options: argparse.Namespace) -> None:
    from effnet_viz.cli.training import run_train  # torch

    run_train(options)


def _run_search(options: argparse.Namespace) -> None:
    from effnet_viz.cli.search import run_search  # torch

    run_search(options)


def _add_doctor(add_parser: AddParser) -> None:
    command = add_parser("doctor", help="check that everything the app needs is there and works")
    command.set_defaults(run=predict.run_doctor)


def _add_scaling(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--architecture", choices=cost.BASELINES, default=EFFICIENTNET_B0.name, metavar="NAME",
        help=f"the baseline: {', '.join(cost.BASELINES)} (default: %(default)s)",
    )  # fmt: skip
    law = command.add_argument_group("compound scaling by the law")
    law.add_argument("--phi", type=float, metavar="F", help="0 is the baseline")
    for name, value in (("alpha", PAPER_ALPHA), ("beta", PAPER_BETA), ("gamma", PAPER_GAMMA)):
        law.add_argument(
            f"--{name}", type=float, metavar="F", help=f"default: {value}, the paper's"
        )
    direct = command.add_argument_group("or by multipliers")
    direct.add_argument("--depth", type=float, metavar="F", help="multiplier, default 1")
    direct.add_argument("--width", type=float, metavar="F", help="multiplier, default 1")
    direct.add_argument("--resolution-px", type=_number, metavar="N", help="default: baseline's")
    table = command.add_argument_group("or from the table of released networks")
    table.add_argument(
        "--variant", type=str.lower, choices=VARIANTS, metavar="NAME",
        help=f"{', '.join(RELEASED_VARIANTS)}; published later: {', '.join(LATER_VARIANTS)}",
    )  # fmt: skip


def _add_models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--family", choices=predict.FAMILIES, default="classroom", metavar="FAMILY",
        help=f"{', '.join(predict.FAMILIES)} (default: %(default)s); custom is untrained and "
        "takes the scaling options below",
    )  # fmt: skip
    command.add_argument(
        "--model", nargs="+", action="extend", metavar="NAME",
        help="default: classroom all five roles, imagenet b0 b3, resnet50 resnet50 resnet152",
    )  # fmt: skip
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def _add_square(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--square", metavar="X,Y,SIDE",
        help=f"the part to look at, in pixels of the upright photo; default: {default}",
    )  # fmt: skip


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _number(text: str) -> float:
    """A whole number where the text is one, so that messages echo what was typed."""
    return int(text) if text.isdecimal() and len(text) < 20 else float(text)


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Inside, libraries' warnings are not shown (``python -W`` brings them back), and characters
    that the terminal cannot show are escaped."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield


if __name__ == "__main__":
    raise SystemExit(main())
