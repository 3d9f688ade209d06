"""Typer's words for a wrong command line, in ours: one line that says what is wrong, one that says what to do.

It is loaded for a wrong command line alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal, get_args, get_origin

import typer

FILES_ARE_ARGUMENTS = "--pred and --true take columns; files are arguments: PREDS TRUTH"
NEAR = 0.75  # of the letters must agree
# What other tools call it.
ELSEWHERE = {
    "--jobs": "threads thread workers num-workers n-workers processes procs nproc n-jobs num-threads cores parallel",
    "--format json": "json to-json as-json",
    "--format csv": "csv to-csv",
    "--format tsv": "tsv",
    "--format npy": "npy numpy",
    "--format markdown": "markdown md",
    "--format": "fmt output-format type",
    "--output": "out outfile out-file output-file save save-to",
    "--delimiter": "sep separator delim field-separator",
    "--key": "id ids index index-col on join match join-on",
    "--pred and --true": "columns column cols col",
    "--missing skip-cell": "skipna skip-na dropna ignore-nan nan-policy nan",
    "--na": "na-values na-value null nulls missing-value",
    "--header no": "no-header noheader headerless",
    "--weight-column": "sample-weight weight-col weights-column",
    "--digits": "precision decimals round",
    "--worst": "top largest outliers",
    "--fail-above": "threshold max max-loss limit fail-if-above",
    "--only rmse": "rmse",
    "--only mse": "mse",
    "--only sse": "sse",
    "--only gradient": "gradient grad",
    "--reduction sum": "sum",
    "--reduction mean": "mean",
    "--quiet": "silent no-notes no-progress",
    "--color never": "no-color no-colour",
    "--learning-rate": "lr eta step-size",
    "--rtol": "tol tolerance atol",
}
FILES = (
    "preds",
    "prediction",
    "predictions",
    "predicted",
    "truth",
    "target",
    "targets",
    "actual",
    "y-true",
    "y-pred",
    "file",
)
NOTHING = ("verbose", "debug")  # and no other word for it


def in_our_words(error: typer.BadParameter, arguments: list[str]) -> tuple[str, str]:
    """The message and the hint for a wrong command line."""
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path if context else 'mse'} --help"
    if hasattr(error, "possibilities"):
        return _unknown_option(str(getattr(error, "option_name", "")), _options_of(context), hint)
    message = error.format_message()
    if message.startswith("No such command") and context is not None:
        return _unknown_command(message, list(getattr(context.command, "commands", ())), hint)
    parameter = getattr(error, "param", None)
    if parameter is not None and error.message:
        return f"{_name(parameter)}: {_plain(error.message)}", hint
    if parameter is not None:
        columns = [word for word in ("--pred", "--true") if any(it.split("=")[0] == word for it in arguments)]
        return f"missing argument {_name(parameter)}", FILES_ARE_ARGUMENTS if columns else hint
    return _plain(message), hint


def _options_of(context: typer.Context | None) -> list[str]:
    """The long options of the command that is called, and those with each choice: ``--format json``."""
    parameters = [] if context is None else context.command.params
    names = [(name, parameter) for parameter in parameters for name in parameter.opts if name.startswith("--")]
    choices = [f"{name} {choice}" for name, parameter in names for choice in _choices_of(parameter)]
    return [name for name, _ in names] + choices


def _choices_of(parameter: object) -> Iterable[str]:
    """The values of a closed choice; Typer keeps them in Click's type, since 0.29 in its own."""
    kind = getattr(parameter, "type", None)
    annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return getattr(kind, "choices", ()) if get_origin(annotation) is not Literal else get_args(annotation)


def _unknown_option(name: str, options: list[str], hint: str) -> tuple[str, str]:
    word = name.split("=")[0].lstrip("-").lower().replace("_", "-")
    meant = next((said for said, words in ELSEWHERE.items() if word in words.split()), "")
    near = get_close_matches(word, [option[2:] for option in options if " " not in option], n=1, cutoff=NEAR)
    if meant.split(" and ")[0] in options:
        hint = f"did you mean {meant.replace('--format ', '-f ')}?"
    elif word in FILES and "--pred" in options:
        hint = FILES_ARE_ARGUMENTS
    elif near and word not in NOTHING:
        hint = f"did you mean --{near[0]}?"
    elif not name.startswith("--"):
        hint += f"; a file whose name begins with - is written ./{name}"
    return f"no such option {name}", hint


def _unknown_command(message: str, commands: list[str], hint: str) -> tuple[str, str]:
    name = message.split("'")[1] if "'" in message else ""
    similar = get_close_matches(name, commands, cutoff=NEAR)
    if similar:
        hint = f"did you mean {' or '.join(similar)}?"
    elif name.count(".") or "/" in name:
        hint = f"mse compute {name} …"
    return f"no such command {name!r}", hint


def _name(parameter: typer.CallbackParam) -> str:
    """An option by its long name, an argument as the help shows it."""
    names = [name for name in parameter.opts if name.startswith("-")]
    return max(names, key=len) if names else (parameter.metavar or parameter.human_readable_name)


def _plain(message: str) -> str:
    message = message.strip().removesuffix(".").removeprefix("Value error, ")  # so begins Pydantic's, in Typer 0.29
    return message[:1].lower() + message[1:]
