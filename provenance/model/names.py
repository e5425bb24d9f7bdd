"""One spelling for every name of a model, however it was written."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = {
    "АаΑαɑᴀᎪ": "a",
    "ВвΒβʙᏴЬь": "b",
    "СсϲϹᴄᏟ": "c",
    "ԁᴅᎠđ": "d",
    "ЕеΕεᴇᎬҽ": "e",
    "ɡɢԌᏀց": "g",
    "НнΗʜᎻһҺհħ": "h",
    "ІіΙιıɪᎥӀӏ": "i",
    "ЈјᴊᎫϳ": "j",
    "КкΚκᴋᏦ": "k",
    "ʟᏞłⅼ": "l",
    "МмΜᴍᎷ": "m",
    "ΝηɴпПող": "n",
    "ОоΟοᴏσօø": "o",
    "РрΡρᴘᏢ": "p",
    "ԚԛզႭ": "q",
    "ʀгГᎡ": "r",
    "ЅѕꜱᏚՏ": "s",
    "ТтΤτᴛᎢŧ": "t",
    "υᴜսՍ": "u",
    "νᴠѵѴᏙ": "v",
    "ԜԝᴡωᎳ": "w",
    "ХхΧχ": "x",
    "УуΥγʏүҮ": "y",
    "ΖᴢᏃ": "z",
}
_LOOKS_LIKE = str.maketrans({odd: plain for odds, plain in _LETTERS.items() for odd in odds})
"""Letters of other alphabets that cannot be told from a plain one by eye."""

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Invisible, though Unicode calls them letters or marks."""

_MAKERS = frozenset(
    {"openai", "anthropic", "meta", "google", "microsoft", "nvidia", "amazon", "azure", "bedrock"}
    | {"cohere", "mistralai", "ollama", "openrouter", "huggingface", "vertex"}
)
_REGIONS = frozenset({"us", "eu", "apac"})
_EDITIONS = frozenset({"turbo", "latest"})
"""How a model is served; the text is that of the model all the same."""

_ALWAYS_TURBO = re.compile(r"^gpt-3\.?5(?=-|$)")
"""A name that is never heard without its edition."""

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
    plain = _WORD.sub(_plain, seen).casefold()
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

    >>> {fold_name(n) for n in ("GPT-4", "gpt_4", "openai/gpt-4", "gpt4", "gpt\u20114", "gpt 4 turbo")}
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
    return _ALWAYS_TURBO.sub("gpt-3.5-turbo", "-".join(_numbers(_letters(kept))))


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
