"""Normalise names of models, so that all spellings of one name compare equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = {
    "a": "\u0410\u0430\u0391\u03b1\u0251\u1d00\u13aa",
    "b": "\u0412\u0432\u0392\u03b2\u0299\u13f4\u042c\u044c",
    "c": "\u0421\u0441\u03f2\u03f9\u1d04\u13df",
    "d": "\u0501\u1d05\u13a0\u0111",
    "e": "\u0415\u0435\u0395\u03b5\u1d07\u13ac\u04bd",
    "g": "\u0261\u0262\u050c\u13c0\u0581",
    "h": "\u041d\u043d\u0397\u029c\u13bb\u04bb\u04ba\u0570\u0127",
    "i": "\u0406\u0456\u0399\u03b9\u0131\u026a\u13a5\u04c0\u04cf",
    "j": "\u0408\u0458\u1d0a\u13ab\u03f3",
    "k": "\u041a\u043a\u039a\u03ba\u1d0b\u13e6",
    "l": "\u029f\u13de\u0142\u217c",
    "m": "\u041c\u043c\u039c\u1d0d\u13b7",
    "n": "\u039d\u03b7\u0274\u043f\u041f\u0578\u0572",
    "o": "\u041e\u043e\u039f\u03bf\u1d0f\u03c3\u0585\u00f8",
    "p": "\u0420\u0440\u03a1\u03c1\u1d18\u13e2",
    "q": "\u051a\u051b\u0566\u10ad",
    "r": "\u0280\u0433\u0413\u13a1",
    "s": "\u0405\u0455\ua731\u13da\u054f",
    "t": "\u0422\u0442\u03a4\u03c4\u1d1b\u13a2\u0167",
    "u": "\u03c5\u1d1c\u057d\u054d",
    "v": "\u03bd\u1d20\u0475\u0474\u13d9",
    "w": "\u051c\u051d\u1d21\u03c9\u13b3",
    "x": "\u0425\u0445\u03a7\u03c7",
    "y": "\u0423\u0443\u03a5\u03b3\u028f\u04af\u04ae",
    "z": "\u0396\u1d22\u13c3",
}
_LOOKS_LIKE = str.maketrans({odd: plain for plain, odds in _LETTERS.items() for odd in odds})
"""Letters of other alphabets that cannot be told from a plain one by eye."""

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Invisible, though Unicode calls them letters or marks."""

_MAKERS = frozenset(
    {"openai", "anthropic", "meta", "google", "microsoft", "nvidia", "amazon", "azure", "bedrock"}
    | {"cohere", "mistralai", "ollama", "openrouter", "huggingface", "vertex"}
)
_REGIONS = frozenset({"us", "eu", "apac"})
_EDITIONS = frozenset({"turbo", "latest"})
"""Words about how a model is served; they are dropped from names."""

_ALWAYS_TURBO = re.compile(r"^gpt-3\.?5(?=-|$)")
"""A name that is never heard without its edition."""

_WRITTEN = {"chip-20b": "chip20b"}
"""Names that are known in another spelling than the one that rules give."""

_WORD = re.compile(r"[^\W_]+")
_LONE_DOT = re.compile(r"\.(?!\d)|(?<!\d)\.")
_TOKEN = re.compile(r"[^\W_]+(?:\.\d[^\W_]*)*")
_GLUED = re.compile(
    r"(?P<name>[^\W\d_]{2,})(?=\d)|(?P<size>\d[\d.]*[bmo](?=(?:instruct|chat|mini|it|hf|base)$))"
    r"|(?P<number>\d[\d.]*)(?=[^\W\d_]{3,})"
)


def clean_name(name: str) -> str:
    """A name in lower case without what cannot be seen or told apart by eye.

    Accents, control and zero-width characters go, letters of other alphabets that look like plain
    ones become those in words that are plain then, and every dash is a hyphen.

    >>> clean_name(" G\u0440T\u20114\u200b ")
    'gpt-4'
    """
    if name.isascii() and name.isprintable():
        return " ".join(name.lower().split())
    decomposed = unicodedata.normalize("NFKD", name)
    seen = "".join(filter(None, map(_visible, decomposed)))
    # Capitals look like other letters than small ones do.
    plain = _WORD.sub(_plain, _WORD.sub(_plain, seen).casefold())
    return " ".join(unicodedata.normalize("NFC", plain).split())


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    kind = unicodedata.category(char)
    if kind[0] in "MC" or char in _FILLERS:
        return ""
    return "-" if kind == "Pd" or char == "\u2212" else char


def _plain(word: re.Match[str]) -> str:
    mapped = word[0].translate(_LOOKS_LIKE)
    return mapped if mapped.isascii() else word[0]


@lru_cache(maxsize=8192)
def fold_name(name: str) -> str:
    """The one spelling of a model's name, by which texts are grouped.

    Case, dashes, blanks, dots and underscores, invisible and look-alike characters make no
    difference, nor does who hosts the model or how it is served. Folding twice changes nothing.

    >>> {fold_name(n) for n in ("GPT-4", "openai/gpt-4", "gpt4", "gpt\u20114", "gpt 4 turbo")}
    {'gpt-4'}
    >>> fold_name("mistralai/Mixtral-8x7B-Instruct-v0.1"), fold_name("claude-3-5-sonnet")
    ('mixtral-8x7b-instruct-v0.1', 'claude-3.5-sonnet')
    >>> fold_name("acme/ours-7b"), fold_name("Llama 3.1 70B")
    ('ours-7b', 'llama-3.1-70b')
    """
    folded = name
    for _ in range(8):
        before, folded = folded, _once(folded)
        if folded == before:
            break
    return folded


def _once(name: str) -> str:
    cleaned = clean_name(name)
    parts = [part for part in re.split(r"[/\\]", cleaned) if _WORD.search(part)]
    if not parts:
        return cleaned
    tokens = _tokens(_LONE_DOT.sub("-", parts[-1]))
    while len(tokens) > 1 and (
        tokens[0] in _MAKERS or (tokens[0] in _REGIONS and tokens[1] in _MAKERS)
    ):
        del tokens[0]
    kept = tokens[:1] + [token for token in tokens[1:] if token not in _EDITIONS]
    folded = _ALWAYS_TURBO.sub("gpt-3.5-turbo", "-".join(_numbers(_letters(kept))))
    return _WRITTEN.get(folded, folded)


def _tokens(name: str) -> list[str]:
    parted = (_GLUED.sub(r"\g<0>-", token) for token in _TOKEN.findall(name))
    return [token for each in parted for token in each.split("-")]


def _letters(tokens: list[str]) -> list[str]:
    """Single letters joined to what they belong to: ``g p t``, ``7 b``, ``v 2``, ``o 1``."""
    joined: list[str] = []
    single = False
    for token in tokens:
        letter = len(token) == 1 and token.isalpha()
        before = joined[-1] if joined else ""
        number = token[:1].isdecimal() and token.replace(".", "").isdecimal()
        if (
            (letter and single)
            or (token in set("bmokv") and before.replace(".", "").isdecimal())
            or (number and before == "v")
            or (number and len(token) == 1 and before in set("okr"))
        ):
            joined[-1] += token
        else:
            joined.append(token)
        single = letter
    return joined


def _numbers(tokens: list[str]) -> list[str]:
    """Two short numbers are a version; what follows a year is a date."""
    joined: list[str] = []
    for token in tokens:
        before = joined[-1] if joined else ""
        dated = len(joined) > 1 and re.fullmatch(r"\d{4}", joined[-2])
        if re.fullmatch(r"\d{1,2}", token) and re.fullmatch(r"v?\d{1,2}", before) and not dated:
            joined[-1] = f"{before}.{token}"
        else:
            joined.append(token)
    return joined
