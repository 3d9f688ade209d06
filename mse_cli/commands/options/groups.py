"""Options that belong together, as one parameter of a command: it gets what they are built to."""

# No annotations as text: see cli.py.
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mse_cli import readers, running
from mse_cli.commands import options
from mse_cli.commands.options import losses
from mse_cli.core.result import Missing
from mse_cli.errors import UsageError
from mse_cli.readers.sources.remote.address import SECONDS
from mse_cli.readers.text.dialect import DecimalChoice, Dialect, HeaderChoice
from mse_cli.render.printing import EVERYTHING, Format, Printout, format_of

if TYPE_CHECKING:
    from mse_cli.readers import InputOptions
    from mse_cli.running import Limits


@dataclass(frozen=True)
class Group:
    """Options that belong together: by name their type and default, and what becomes of their values."""

    options: Mapping[str, tuple[Any, Any]]
    build: Callable[..., Any]

    def parameters(self) -> list[inspect.Parameter]:
        """They as parameters of a command."""
        return [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in self.options.items()
        ]


def grouped(**groups: Group) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Have a command take the options of a group where it has one parameter, which gets what they are built to."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command).parameters.values():
            group = groups.get(parameter.name)
            parameters += group.parameters() if group else [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]

        @functools.wraps(command)
        def called(**values: Any) -> None:
            for name, group in groups.items():
                values[name] = group.build(**{option: values.pop(option) for option in group.options})
            command(**values)

        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def _input_options(
    *,
    missing: Missing,
    header: HeaderChoice,
    delimiter: str,
    decimal: DecimalChoice,
    na: list[str] | None,
    timeout: float,
    **columns: Any,
) -> "InputOptions":
    if not timeout >= 0.1:
        raise UsageError(f"--timeout takes at least 0.1 seconds, not {timeout:g}")
    return readers.InputOptions(
        **columns,
        dialect=Dialect(header, delimiter_of(delimiter), decimal, missing, tuple(na or ())),
        timeout=timeout,
    )


def _printout(*, output: str | None, format_: Format | None, all_: bool, **others: Any) -> Printout:
    limits = {"max_rows": "most_rows", "max_cols": "most_columns"}
    given = {limits[name]: others.pop(name) for name in limits if name in others}
    shown = dict.fromkeys(given, EVERYTHING) if all_ else given
    return Printout(format_of(format_, output), path=output, **shown, **others)


def _merged_printout(**values: Any) -> Printout:
    if format_of(values["format_"], values["output"]) == "npy":
        raise UsageError("merged parts hold no matrices, and NPY holds nothing else", hint="--format json")
    return _printout(summary=True, **values)


def _limits(**values: Any) -> "Limits":
    return running.limits_of(**values)


def _comparison_printout(**values: Any) -> Printout:
    if format_of(values["format_"], values["output"]) == "npy":
        raise UsageError("a comparison is no matrix, and NPY holds nothing else", hint="--format json")
    return _printout(summary=True, **values)


# The common ones first.
INPUTS = Group(
    {
        "pred": (options.Pred, None),
        "true": (options.True_, None),
        "key": (options.Key, None),
        "missing": (options.MissingPolicy, "fail"),
        "weights": (options.Weights, None),
        "weight_column": (options.WeightColumn, None),
        "no_key": (options.NoKey, False),
        "unmatched": (options.UnmatchedRows, "fail"),
        "na": (options.Na, None),
        "header": (options.Header, "auto"),
        "delimiter": (options.Delimiter, "auto"),
        "decimal": (options.Decimal, "auto"),
        "timeout": (options.Timeout, SECONDS),
    },
    _input_options,
)
LIMITS = Group(
    {
        "fail_above": (losses.FailAbove, None),
        "baseline": (losses.Baseline, None),
        "max_increase": (losses.MaxIncrease, None),
    },
    _limits,
)
PRINTED = Group(
    {
        "only": (options.OnlyOne, None),
        "format_": (options.FormatOption, None),
        "output": (options.OutputFile, None),
        "summary": (options.Summary, False),
        "save_se": (options.SaveSE, None),
        "save_gradient": (options.SaveGradient, None),
        "digits": (options.Digits, Printout.digits),
        "max_rows": (options.MaxRows, Printout.most_rows),
        "max_cols": (options.MaxCols, Printout.most_columns),
        "all_": (options.All, False),
        "color": (options.Color, "auto"),
    },
    _printout,
)
PRINTED_SCALARS = Group(
    {
        "only": (options.OnlyOneScalar, None),
        "format_": (options.FormatOption, None),
        "output": (options.OutputFile, None),
        "max_cols": (options.MaxCols, Printout.most_columns),
        "all_": (options.All, False),
        "color": (options.Color, "auto"),
    },
    _merged_printout,
)


PRINTED_COMPARISON = Group(
    {
        "format_": (options.FormatOption, None),
        "output": (options.OutputFile, None),
        "digits": (options.Digits, Printout.digits),
        "max_rows": (options.MaxRows, Printout.most_rows),
        "max_cols": (options.MaxCols, Printout.most_columns),
        "all_": (options.All, False),
        "color": (options.Color, "auto"),
    },
    _comparison_printout,
)


def delimiter_of(text: str) -> str | None:
    r"""The character that --delimiter means, ``None`` for auto.

    >>> delimiter_of("tab"), delimiter_of("auto"), delimiter_of(";")
    ('\t', None, ';')
    """
    return {"auto": None, "tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
