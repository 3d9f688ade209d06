"""The sentences of ``mse explain`` as plain data: one module a language, the same keys and placeholders in each.

A new language is a file here, and its entry below.
"""

from __future__ import annotations

from mse_cli.core.result import Language
from mse_cli.explanation.words import en, zh

TEXTS: dict[Language, dict[str, str]] = {"en": en.TEXTS, "zh": zh.TEXTS}
