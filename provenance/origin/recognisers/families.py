"""Recognise names of known language models, and map them to model families."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.model_names import clean_name, fold_name

LONGEST_NAME = 200
"""A longer value is prose, not the name of a model."""


class ModelFamily(NamedTuple):
    """Names of the models of one family: patterns for lower-case names, from their start.

    Attributes:
        name: what the family is called in budgets and reports.
        pattern: cannot be much else than a language model (``falcon-7b``, ``claude-3``).
        bare: could also be a person, a car or a wind (``falcon``, ``claude``); trusted only in a
            field that never means anything else than a generator.
    """

    name: str
    pattern: str
    bare: str = ""


_SIZE = r"\d+(?:\.\d+)?[bm]\b"

FAMILIES: tuple[ModelFamily, ...] = (
    # Names that hold another family's name come first.
    ModelFamily("nemotron", r"(?:[a-z0-9.]+[-_])*nemotron"),
    ModelFamily("gpt4all", r"gpt4all"),
    ModelFamily("codellama", r"code-?llama"),
    ModelFamily("deepseek", r"deepseek"),
    ModelFamily("tulu", r"(?:llama-[\d.]+-)?tulu[-_]?\d"),
    ModelFamily("hermes", r"(?:nous-|open)?hermes[-_ ]?\d|nous-hermes"),
    ModelFamily("gpt-neo", r"gpt-?neo(?:x|\b)|gpt-j\b|chip-?20b"),
    ModelFamily("cerebras-gpt", r"cerebras-gpt"),
    ModelFamily(
        "gpt",
        r"(?:chat)?gpt[-_ ]?\d|gpt-oss|chatgpt|o[1-9]-(?:mini|preview|pro)"
        r"|(?:text|code)-(?:davinci|curie|babbage|ada|cushman)-\d|davinci(?:-\d|$)",
        r"gpt|o[134]",
    ),
    ModelFamily("claude", r"claude[-_ ]?(?:v?\d|instant|opus|sonnet|haiku)", r"claude"),
    ModelFamily("gemini", r"gemini[-_ ](?:\d|pro|ultra|flash|nano|exp)", r"gemini|bard"),
    ModelFamily("gemma", r"(?:code|recurrent|med)?gemma[-_ ]?\d", r"gemma"),
    ModelFamily("palm", r"palm-?2|(?:text|chat|code)-bison", r"palm"),
    ModelFamily("mixtral", r"mixtral"),
    ModelFamily(
        "mistral",
        r"mistral[-_ ]?(?:v?\d|tiny|small|medium|large|nemo|saba|instruct)"
        r"|(?:mini|code|dev|magi|mathi?)stral|pixtral",
        r"mistral",
    ),
    ModelFamily("vicuna", r"vicuna[-_ ](?:v?\d)", r"vicuna"),
    ModelFamily("alpaca", r"alpaca[-_ ]?" + _SIZE),
    ModelFamily("koala", r"koala[-_ ]?" + _SIZE),
    ModelFamily("guanaco", r"guanaco[-_ ]?" + _SIZE),
    ModelFamily("wizardlm", r"wizard(?:lm|coder|math)"),
    ModelFamily("llama", r"llama[-_ ]?(?:v?\d|" + _SIZE + r")", r"llama"),
    ModelFamily("qwen", r"qwen|qwq-|qvq-"),
    ModelFamily(
        "phi", r"phi[-_ ]?\d(?:\.\d)?(?:$|[-_ ](?:mini|small|medium|moe|vision|instruct|\d))"
    ),
    ModelFamily("falcon", r"falcon[-_ ]?(?:" + _SIZE + r"|rw-|mamba|h1\b|\d-)", r"falcon"),
    ModelFamily("oasst", r"(?:oasst|openassistant)[-_](?:sft|rm)"),
    ModelFamily("pythia", r"pythia-" + _SIZE, r"pythia"),
    ModelFamily("opt", r"opt-(?:iml|" + _SIZE + r")"),
    ModelFamily("bloom", r"bloomz|bloom-" + _SIZE, r"bloom"),
    ModelFamily(
        "t5", r"flan-|(?:mt5|byt5|t5)[-_](?:small|base|large|xl|xxl|3b|11b|v1)|fastchat-t5"
    ),
    ModelFamily("dolly", r"dolly-v\d"),
    ModelFamily("mpt", r"mpt-" + _SIZE),
    ModelFamily("stablelm", r"stablelm|stable-?beluga"),
    ModelFamily("rwkv", r"rwkv"),
    ModelFamily("glm", r"(?:chat)?glm-?\d"),
    ModelFamily("internlm", r"internlm"),
    ModelFamily("baichuan", r"baichuan"),
    ModelFamily("yi", r"yi-(?:" + _SIZE + r"|[\d.]+-|large|medium|lightning|spark)"),
    ModelFamily("command", r"command-(?:r|a|light|nightly|xlarge|medium)\b|c4ai-"),
    ModelFamily("aya", r"aya-(?:\d|expanse|vision)"),
    ModelFamily("zephyr", r"zephyr-(?:" + _SIZE + r"|orpo)"),
    ModelFamily("starling", r"starling-lm"),
    ModelFamily("openchat", r"openchat"),
    ModelFamily("orca", r"orca[-_](?:2|mini)"),
    ModelFamily("solar", r"solar-(?:\d|pro|mini)"),
    ModelFamily("olmo", r"olmoe?-"),
    ModelFamily("smollm", r"smollm"),
    ModelFamily("granite", r"granite-\d"),
    ModelFamily("dbrx", r"dbrx"),
    ModelFamily("jamba", r"jamba|jurassic-?\d|j2-(?:ultra|mid|light)"),
    ModelFamily("grok", r"grok-(?:\d|beta)", r"grok"),
    ModelFamily("kimi", r"kimi-|moonshot-v\d"),
    ModelFamily("minimax", r"minimax-|abab\d"),
    ModelFamily("ernie", r"ernie-(?:\d|bot|lite|speed|x\d)"),
    ModelFamily("hunyuan", r"hunyuan"),
    ModelFamily("doubao", r"doubao"),
    ModelFamily("exaone", r"exaone"),
    ModelFamily("starcoder", r"(?:star|santa)coder"),
    ModelFamily("nova", r"nova-(?:pro|lite|micro|premier)"),
    ModelFamily("titan", r"titan-text"),
)
"""Families in the order in which they are tried."""

# An organisation, a path or a registry may stand before the name, and a maker's own word.
_START = r"(?:^|[/:.])(?:(?:meta|open|oasst|oasst-sft-\d+|chat|amazon)[-_ ])?"

_VENDORS = (
    r"(?:^|/)(?:openai|anthropic|meta-llama|mistralai|qwen|deepseek-ai|tiiuae|eleutherai|cohere"
    r"|coherelabs|cohereforai|01-ai|ai21labs|nousresearch|lmsys|moonshotai|internlm)/."
)
"""Organisations on model hubs and gateways that publish language models and little else."""

_OTHER_MODEL = (
    r"embed|rerank|reward|guard|moderation|whisper|clip\b|dall-e|tts|classifier|detector|tokenizer"
)
"""Models that judge, listen or draw, and so did not write the text."""

_PROSE = r"://|(?:\S+\s+){6}"
"""An address, or a sentence that begins with a name."""


def _any(patterns: list[str], end: str = "") -> str:
    return f"{_START}(?:{'|'.join(patterns)}){end}"


_INSIDE = r"[-/:.(]"
"""Characters before a known name inside another name: ``acme-llama-3-8b``."""

_ALL = [family.pattern for family in FAMILIES]
_VERSIONED = _any(_ALL) + "|" + _VENDORS
_BARE = _any([family.bare for family in FAMILIES if family.bare], "$")


@cache
def _compiled() -> list[tuple[str, dict[str, re.Pattern[str]]]]:
    """Compile the patterns on first use: many runs need none."""
    return [
        (
            family.name,
            {
                "start": re.compile(
                    _any([family.pattern]) + (f"|{_any([family.bare], '$')}" if family.bare else "")
                ),
                "inside": re.compile(f"{_INSIDE}(?:{family.pattern})"),
            },
        )
        for family in FAMILIES
    ]


@lru_cache(maxsize=4096)
def family_of(name: str | None) -> str | None:
    """The family that a model belongs to by its name; None where the name tells nothing.

    The family of a fine-tuned model is that of the first known name in it; it says nothing about
    who published it. However a name is spelled, its family is the same.

    >>> family_of("mistralai/Mixtral-8x7B-Instruct-v0.1")
    'mixtral'
    >>> family_of("gpt-3.5-turbo-0301"), family_of("text-davinci-003"), family_of("Corolla")
    ('gpt', 'gpt', None)
    >>> family_of("acme/my-llama-3-8b"), family_of("G\u0440T_4\u200b")
    ('llama', 'gpt')
    """
    if name is None or len(name) > LONGEST_NAME:
        return None
    for position in ("start", "inside"):
        for spelling in _spellings(name):
            for family, patterns in _compiled():
                if patterns[position].search(spelling):
                    return family
    return None


@cache
def _pattern(of: str) -> re.Pattern[str]:
    """One of the patterns over all families, made when it is first needed."""
    patterns = {
        "known": _any(_ALL),
        "inside": rf"{_INSIDE}(?:{'|'.join(_ALL)})",
        "versioned": _VERSIONED,
        "bare": f"{_VERSIONED}|{_BARE}",
        "other": _OTHER_MODEL,
        "prose": _PROSE,
    }
    return re.compile(patterns[of])


def starts_with_model(plain: str) -> bool:
    """Whether a name in lower case begins with a known model, its organisation aside."""
    return _pattern("known").search(plain) is not None


def holds_model(plain: str) -> bool:
    """Whether a known model is named anywhere in a name whose words are parted by hyphens."""
    return _pattern("inside").search(plain) is not None


def writes_no_text(plain: str) -> bool:
    """Whether a name is that of a model that judges, listens or draws."""
    return _pattern("other").search(plain) is not None


def is_prose(plain: str) -> bool:
    """Whether a value is an address or a sentence, and no name."""
    return _pattern("prose").search(plain) is not None


def model_names(values: pa.Array, *, bare: bool) -> pa.Array:
    """Which values look like the name of a language model that writes text.

    Args:
        values: strings; null is no name.
        bare: take ``claude`` or ``falcon`` without a version for a model too.
    """
    named = pc.utf8_slice_codeunits(values, 0, LONGEST_NAME + 1).dictionary_encode()
    found = [_is_model(name, bare=bare) for name in named.dictionary.to_pylist()]
    return pc.fill_null(pa.array(found, pa.bool_()).take(named.indices), False)


def _is_model(name: str, *, bare: bool) -> bool:
    plain = clean_name(name)
    if len(name) > LONGEST_NAME or is_prose(plain) or writes_no_text(plain):
        return False
    pattern = _pattern("bare" if bare else "versioned")
    return any(pattern.search(each) or holds_model(each) for each in _spellings(name))


def _spellings(name: str) -> tuple[str, ...]:
    """A name in lower case as it is, with hyphens, and folded; the patterns know these."""
    plain = clean_name(name)
    return plain, plain.replace("_", "-").replace(" ", "-"), fold_name(name)
