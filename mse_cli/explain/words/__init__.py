"""The sentences of ``mse explain`` as plain data: one module a language, the same keys and placeholders in each."""

from __future__ import annotations

from mse_cli.explain.words import en, zh

TEXTS: dict[str, dict[str, str]] = {"en": en.TEXTS, "zh": zh.TEXTS}
