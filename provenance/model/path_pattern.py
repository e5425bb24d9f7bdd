"""Match path patterns with named parts, such as ``results/{generator}/outputs.json``."""

from __future__ import annotations

import re

ORIGIN_WORDS = frozenset({"label", "process", "generator", "generator_family"})
"""Names in a pattern of paths that speak of origin."""

_WORD = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def words_of(pattern: str) -> tuple[str, ...]:
    """The names in a pattern of paths.

    >>> words_of("results/{generator}/{lang}.json")
    ('generator', 'lang')
    """
    return tuple(_WORD.findall(pattern))


def checked_pattern(pattern: str) -> str:
    """A pattern of paths as it is.

    Raises:
        ValueError: it names nothing, or a name is none.
    """
    words = words_of(pattern)
    rest = _WORD.sub("", pattern)
    if not words or "{" in rest or "}" in rest:
        raise ValueError("a pattern of paths names something: results/{generator}/outputs.json")
    wrong = [word for word in words if not _NAME.fullmatch(word)]
    if wrong:
        raise ValueError(f"{{{wrong[0]}}} is no name: small letters, digits and _")
    if "}{" in pattern:
        raise ValueError("between two names of a pattern stands something that parts them")
    return pattern


def tells_attributes(pattern: str | None) -> bool:
    """Whether a pattern says more than origin, so that records are read otherwise with it."""
    return pattern is not None and not ORIGIN_WORDS.issuperset(words_of(pattern))
