"""Judge by its shape whether a value is the name of a model, known or unknown."""

from __future__ import annotations

import re
from functools import lru_cache

from provenance.model.model_names import clean_name, fold_name
from provenance.origin.recognisers.families import holds_model, starts_with_model, writes_no_text
from provenance.origin.recognisers.meanings import Meaning

_HUB_ADDRESS = re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co|modelscope\.cn/models)/")
_HUB = re.compile(r"^[\w.-]{2,}/[\w.:+@-]{2,}$")
_SIZE = re.compile(r"(?:[ea]?\d{1,3}x)?\d{1,4}(?:\.\d+)?(?:b|bn|t)")
_SPACED_SIZE = re.compile(r"[^\W\d_]{2}.* \d{3}m(?:\W|$)")
_SMALL_SIZE = re.compile(r"\d{2,4}m")
_GLUED_SIZE = re.compile(r"^[^\W\d_]{3,}(?:\d{1,2}x)?\d{1,3}(?:\.\d+)?b(?![^\W_])")
_TUNED = re.compile(
    r"(?P<before>[^\W_]+)[-_ .](?P<how>instruct|chat|it|sft|dpo|rlhf|orpo|gguf|gptq|awq)"
    r"(?:[-_ .](?:v?\d[\w.]*|hf|gguf|gptq|awq|fp8|fp16|bf16|int[48]|q\d\w*|base|preview|beta))*$"
)
_HUB_TAIL = re.compile(r"\d|[-_](?:base|large|small|mini|medium|xl|lm|preview|beta|hf|it)$")
_FILE = re.compile(
    r"\.(?:jsonl?|gz|zst|bz2|xz|parquet|arrow|csv|tsv|txt|md|html?|xml|pdf|warc|wet|tar|zip|org|com"
    r"|net|edu|gov|php|aspx?|jpe?g|png)(?:$|\W)"
)
_NUMBERED = frozenset(
    [
        "section",
        "article",
        "apartment",
        "apt",
        "room",
        "flat",
        "grade",
        "class",
        "unit",
        "paragraph",
        "part",
        "chapter",
        "appendix",
        "annex",
        "figure",
        "fig",
        "table",
        "page",
        "item",
        "step",
        "route",
        "gate",
        "platform",
        "no",
        "nr",
        "number",
        "floor",
        "house",
        "suite",
        "building",
        "block",
        "seat",
        "terminal",
        "exhibit",
        "vol",
        "volume",
    ]
)
"""Words before ``7b`` that make it a part of a text or a building: ``section 7b``."""
_COLLECTIONS = re.compile(
    r"pajama|fineweb|openweb|wiki|tokens?|pile|\bc4|corpus|dataset|sample|crawl|books|stack|dolma"
    r"|news|web|data\b"
)
_TALKS = frozenset(
    [
        "live",
        "web",
        "group",
        "video",
        "voice",
        "support",
        "online",
        "customer",
        "team",
        "private",
        "twitch",
        "discord",
        "help",
        "irc",
        "public",
        "text",
        "open",
        "work",
        "family",
        "company",
    ]
)
_FAMILY = re.compile(
    r"^(?:(?:open|meta|google|microsoft)[ -]?(?:ai[ -])?)?"
    r"(?:chat-?gpt|gpt|llama|qwen|deepseek|mixtral|mistral|vicuna|davinci|copilot|o[134]"
    r"|bing chat|meta ai|openai|deepl|google translate|bing translator)"
    r"(?:[ -](?:turbo|plus|pro|base|large|latest|model|api|llm|chat))*$"
)
_FAMILY_INSIDE = re.compile(
    r"(?:^|[-/ ._(])(?:chat-?gpt|gpt|llama|qwen|deepseek|mixtral|vicuna|wizardlm)(?:$|[-/ ._)])"
)
_NAMESAKE = re.compile(
    r"^(?:google |anthropic )?(?:claude|gemini|bard|grok)"
    r"(?:[ -](?:opus|sonnet|haiku|instant|pro|ultra|flash|advanced|ai))?$"
)
_WORD = re.compile(r"^(?:gemma|palm|falcon|pythia|bloom|phi|mistral|nova|titan|granite)$")
_COMMON_WORD = re.compile(
    r"^(?:solar|granite|orca|aya|yi|nova|command|falcon|palm|phi|koala|titan|opt|flan|grok|o\d)"
    r"[-_ ]?\d*$"
)


def bare_name(value: str) -> str:
    """A value without what stands around a name, hyphens for underscores."""
    return _HUB_ADDRESS.sub("", clean_name(value)).strip(" \"'`()").replace("_", "-")


def is_family(plain: str) -> bool:
    """Whether a value is the name of a family alone."""
    return _FAMILY.match(plain) is not None


def shape_of_name(plain: str, name: str) -> Meaning:
    """Classify a value that may be a name.

    Args:
        plain: the value, as ``bare_name`` has it.
        name: the name in it, where it says more.
    """
    spellings = _spellings(plain, name)
    known = any(starts_with_model(each) or holds_model(each) for each in spellings)
    last = plain.rpartition("/")[2]
    collection = _COLLECTIONS.search(plain) is not None
    if known or (_sized(plain) and not collection) or (is_tuned(last)):
        found = Meaning.FAMILY if not known and _any(_FAMILY, spellings) else Meaning.MODEL
    elif _any(_FAMILY, spellings):
        found = Meaning.FAMILY
    elif _HUB.match(plain):
        found = Meaning.HUB
    elif _any(_NAMESAKE, spellings):
        found = Meaning.NAMESAKE
    elif _any(_WORD, spellings):
        found = Meaning.WORD
    else:
        hint = _may_be_tuned(last) or _SPACED_SIZE.search(plain) or _any(_FAMILY_INSIDE, spellings)
        glued = _GLUED_SIZE.match(last) and not _COLLECTIONS.search(last)
        found = Meaning.HINT if hint or glued else Meaning.OTHER
    judges = found in {Meaning.MODEL, Meaning.HUB} and writes_no_text(plain)
    return Meaning.INSTRUMENT if judges else found


def _spellings(plain: str, name: str) -> set[str]:
    spellings = {plain.replace("_", "-"), name.replace("_", "-")}
    # Kimi Raikkonen is a person, and a person's name has no number.
    if " " not in name or any(char.isdecimal() for char in name):
        spellings |= {fold_name(name), *(each.replace(" ", "-") for each in spellings)}
    return spellings


def _any(pattern: re.Pattern[str], spellings: set[str]) -> bool:
    return any(pattern.search(each) for each in spellings)


@lru_cache(maxsize=65_536)
def is_unmistakable(value: str) -> bool:
    """Whether a value that says ``MODEL`` is one even where nothing speaks of a model.

    >>> is_unmistakable("gpt-4-0613"), is_unmistakable("acme/Zorp-7B"), is_unmistakable("Zorp 7b")
    (True, True, False)
    """
    plain = clean_name(value)
    if " " in plain or len(plain) < 4 or _COMMON_WORD.match(plain):
        return False
    hub = _HUB.match(plain)
    name = plain.rpartition("/")[2]
    known = starts_with_model(plain) and any(char.isdecimal() for char in name)
    sized = _sized(name) and not _COLLECTIONS.search(plain)
    return bool(known or (hub and (sized or is_tuned(name))) or (sized and is_tuned(name)))


def _sized(plain: str) -> bool:
    """Whether a name of two letters or more is followed by the size of a model."""
    words = re.split(r"[-_ /:]+", re.sub(r"(?<=[^\W\d_])\.(?=\d)", "-", plain))
    before = ""
    for word in words:
        small = _SMALL_SIZE.fullmatch(word) and " " not in plain
        if (small or _SIZE.fullmatch(word)) and len(before) > 1 and before not in _NUMBERED:
            return True
        if any(char.isalpha() for char in word):
            before = word
    return False


def is_tuned(name: str) -> bool:
    """Whether a name says what a model was tuned for, or how it was packed."""
    found = _TUNED.search(name)
    if not found or not _may_be_tuned(name):
        return False
    if found["how"] == "it":
        return any(char.isdecimal() for char in found["before"])
    return " " not in name or any(char.isdecimal() for char in name) or found["how"] != "chat"


def _may_be_tuned(name: str) -> bool:
    found = _TUNED.search(name)
    if not found or found["before"] in _TALKS:
        return False
    return found["how"] != "it" or any(char.isdecimal() for char in found["before"])


def is_versioned(hub: str) -> bool:
    """Whether the name after the organisation has a version or a size word.

    >>> is_versioned("acme/zorp-2"), is_versioned("AFP/Reuters")
    (True, False)
    """
    plain = clean_name(hub)
    name = plain.rpartition("/")[2]
    if _FILE.search(name) or _COLLECTIONS.search(plain) or not re.search(r"[^\W\d_]{3}", name):
        return False
    return bool(_HUB_TAIL.search(name))


def is_lower(hub: str) -> bool:
    """Whether the first part of ``org/name`` is in lower case, as most organisations of hubs are.

    >>> is_lower("acme/zorp"), is_lower("AP/Reuters")
    (True, False)
    """
    return hub.strip()[:1].islower()
