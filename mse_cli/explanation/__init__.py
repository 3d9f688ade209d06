"""``mse explain`` without a screen: a computed case becomes a ``Lesson`` of ten steps."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.explanation.case import case_of
    from mse_cli.explanation.example import house_example
    from mse_cli.explanation.sections import explain

__all__ = [
    "case_of",
    "explain",
    "house_example",
]

__getattr__ = door(
    __name__,
    {
        "case_of": "case",
        "explain": "sections",
        "house_example": "example",
    },
)
