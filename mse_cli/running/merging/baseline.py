"""The loss of an earlier result, and what one may be at most that is held against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from mse_cli.core.exact import rounded
from mse_cli.core.result import Reduction
from mse_cli.errors import ParseError
from mse_cli.readers.sources.files import open_text, reading, resolve
from mse_cli.running.merging.parts import parse, reduction_of, without_matrices

HINT = "a baseline is what `mse compute … --summary --format json` prints"


def increased(spec: str, by: str) -> tuple[Reduction, float]:
    """The reduction of an earlier JSON result, and its loss with so much more: a number, or percent (``2%``).

    Raises:
        ParseError: if it is no such result, or its loss is no number.
    """
    (source,) = resolve(spec, keep=False)
    with open_text(source) as stream, reading(source.label), _as_baseline():
        content = parse(without_matrices(stream))
        loss = content.get("loss")
        if isinstance(loss, bool) or not isinstance(loss, int | float):
            raise ParseError("its loss is no number that another could be held against")
        return reduction_of(content), larger(float(loss), by)


@contextmanager
def _as_baseline() -> Iterator[None]:
    try:
        yield
    except ParseError as error:
        raise ParseError(error.message, error.place, hint=HINT) from None


def larger(loss: float, by: str) -> float:
    """A loss and so much more, rounded once.

    >>> larger(100.0, "2.5%"), larger(0.1, "0.25")
    (102.5, 0.35)
    """
    more = Fraction(by.removesuffix("%"))
    return rounded(Fraction(loss) * (1 + more / 100) if by.endswith("%") else Fraction(loss) + more)
