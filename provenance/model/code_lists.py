"""Check licences (SPDX expressions) and languages (BCP 47 tags) in contracts."""

from __future__ import annotations

import difflib
import functools
import re

from provenance.errors import MisuseError

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")
_REFERENCE = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_WORDS = frozenset({"and", "or", "with", "(", ")"})
_MOST = 200
"""Most words of an expression."""

_NOTHING = frozenset({"none", "noassertion"})
_EXAMPLES = "such as CC-BY-4.0, MIT OR Apache-2.0, or LicenseRef-NAME for one that is not listed"

# RFC 5646, 2.1: a tag that is well formed; which subtags are registered is not looked up.
_TAG = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+|i-[a-z]{2,8}",
    re.IGNORECASE,
)


def check_licence(text: str, subject: str) -> None:
    """Refuse what is no SPDX licence expression.

    Args:
        subject: whose licence it is, for the message.

    Raises:
        MisuseError: it does not parse, or names a licence that is not on the list.
    """
    if text.strip().lower() in _NOTHING:
        return
    tokens = [token.group(1) for token in _TOKEN.finditer(text)]
    try:
        if len(tokens) > _MOST:
            raise ValueError("it is too long")
        rest = _alternatives(tokens)
    except ValueError as error:
        raise MisuseError(f"{subject}: licence `{text}`: {error}", hint=_hint(tokens)) from error
    if rest:
        raise MisuseError(
            f"{subject}: licence `{text}`: `{rest[0]}` is one too many", hint=_hint(tokens)
        )


def check_language(tag: str, subject: str) -> None:
    """Refuse what is no language tag.

    Raises:
        MisuseError: it is none.
    """
    if not _TAG.fullmatch(tag):
        raise MisuseError(
            f"{subject}: `{tag}` is no language", hint="a tag of BCP 47: en, de-AT, zh-Hant, gsw"
        )


def _alternatives(tokens: list[str]) -> list[str]:
    """Read ``A AND B OR C`` from the front of the tokens; what is left of them."""
    rest = _one(tokens)
    while rest and rest[0].upper() in {"AND", "OR"}:
        rest = _one(rest[1:])
    return rest


def _one(tokens: list[str]) -> list[str]:
    if not tokens:
        raise ValueError("a licence is missing")
    if tokens[0] == "(":
        rest = _alternatives(tokens[1:])
        if not rest or rest[0] != ")":
            raise ValueError("a bracket is not closed")
        return rest[1:]
    name, *rest = tokens
    known = _known().get(name.removesuffix("+").lower())
    if known is not False and not _REFERENCE.fullmatch(name):
        raise ValueError(f"`{name}` is no licence of the SPDX list")
    if rest and rest[0].upper() == "WITH":
        if len(rest) < 2 or _known().get(rest[1].lower()) is not True:
            raise ValueError("WITH is followed by an exception of the SPDX list")
        return rest[2:]
    return rest


def _hint(tokens: list[str]) -> str:
    names = {name: None for name in _known() if not name.startswith("licenseref-")}
    for token in (token.lower() for token in tokens[:_MOST]):
        if token in names or token in _WORDS:
            continue
        if matches := difflib.get_close_matches(token, names):
            return f"did you mean {_spelt()[matches[0]]}? An SPDX expression, {_EXAMPLES}"
    return f"an SPDX expression, {_EXAMPLES}"


@functools.cache
def _known() -> dict[str, bool]:
    """Every id of the SPDX list in lower case, and whether it is an exception."""
    # Only who declares a licence needs the list, which takes a moment to load.
    from license_expression import get_spdx_licensing

    symbols = get_spdx_licensing().known_symbols.values()
    return {
        name.lower(): bool(symbol.is_exception)
        for symbol in symbols
        for name in (symbol.key, *symbol.aliases)
    }


@functools.cache
def _spelt() -> dict[str, str]:
    from license_expression import get_spdx_licensing

    return {key.lower(): key for key in get_spdx_licensing().known_symbols}
