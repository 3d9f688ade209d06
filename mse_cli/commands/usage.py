"""Typer's words for a wrong command line, in ours: one line that says what is wrong, one that says what to do."""

from __future__ import annotations

import typer

# The base of all of Click's own errors, which Typer carries inside and does not export.
USAGE_ERROR: type[typer.BadParameter] = typer.BadParameter.__mro__[2]


def in_our_words(error: typer.BadParameter) -> tuple[str, str]:
    """The message and the hint for a wrong command line."""
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path if context else 'mse'} --help"
    if hasattr(error, "possibilities"):
        return _unknown_option(str(getattr(error, "option_name", "")), list(error.possibilities or ()), hint)
    message = error.format_message()
    if message.startswith("No such command") and context is not None:
        return _unknown_command(message, list(getattr(context.command, "commands", ())), hint)
    parameter = getattr(error, "param", None)
    if parameter is not None and error.message:
        return f"{_name(parameter)}: {_plain(error.message)}", hint
    if parameter is not None:
        return f"missing argument {_name(parameter)}", hint
    return _plain(message), hint


def _unknown_option(name: str, similar: list[str], hint: str) -> tuple[str, str]:
    if similar:
        import difflib  # only for a wrong command line

        hint = f"did you mean {difflib.get_close_matches(name, similar, n=1, cutoff=0)[0]}?"
    elif not name.startswith("--"):
        hint += f"; a file whose name begins with - is written ./{name}"
    return f"no such option {name}", hint


def _unknown_command(message: str, commands: list[str], hint: str) -> tuple[str, str]:
    name = message.split("'")[1] if "'" in message else ""
    import difflib  # only for a wrong command line

    similar = difflib.get_close_matches(name, commands)
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
