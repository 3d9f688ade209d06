"""The sentences of ``mse check`` as plain data, as those of ``mse explain``: the same keys in each language."""

from __future__ import annotations

from collections.abc import Mapping

from mse_cli.checks.finding import Explanation, Remark
from mse_cli.checks.words import en, zh
from mse_cli.core.result import Language

TEXTS: dict[Language, dict[str, str]] = {"en": en.TEXTS, "zh": zh.TEXTS}


def said(remark: Remark, texts: Mapping[str, str]) -> str:
    """A remark in a language.

    >>> said(Remark("digits", (("count", "3"),)), TEXTS["en"])
    'the numbers have few digits, at most 3'
    """
    values = {key: said(value, texts) if isinstance(value, Remark) else value for key, value in remark.values}
    return texts[remark.code].format(**values)


def explained(explanation: Explanation, texts: Mapping[str, str]) -> str:
    """All changes of an explanation in a sentence."""
    return texts["semicolon"].join(said(remark, texts) for remark in explanation)
