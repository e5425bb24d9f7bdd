"""Select the distinct values of a column that may be marks, so that only these are examined."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from provenance.origin.recognisers.base import positions
from provenance.origin.recognisers.families import LONGEST_NAME

_BYTES = 4 * LONGEST_NAME
"""Longer values say nothing, unless they are JSON."""

_STEMS = (
    r"gpt|llama|nemotron|deepseek|tulu|hermes|davinci|curie|babbage|cushman|claude|gemini|gemma"
    r"|\bbard|palm|bison|mistral|mixtral|stral\b|vicuna|alpaca|koala|guanaco|wizard|qwen|qwq|qvq"
    r"|phi[-_ ]?\d|\bphi$|falcon|oasst|openassistant|pythia|\bopt-|bloom|flan|t5|dolly|\bmpt|stable"
    r"|rwkv|glm|internlm|baichuan|\byi-|command|c4ai|\baya-|zephyr|starling|openchat|orca|solar"
    r"|olmo|smollm|granite|dbrx|jamba|jurassic|\bj2-|grok|kimi|moonshot|minimax|abab\d|ernie"
    r"|hunyuan|doubao|exaone|coder|\bnova|titan|\bo[1-9]\b|copilot|openai|anthropic|bing|meta ai"
    r"|deepl|google translate|code-(?:ada|cushman)|text-ada"
)
_WORDS = (
    r"human|person|people|hand-?written|mixed|hybrid|both|(?:^|[^a-z])a\.?i\.?(?:[^a-z]|$)|aigc|llm"
    r"|machine|(?:^|[^a-z])bots?(?:[^a-z]|$)|chatbot|synth|generat|automat|(?:^|[^a-z])auto"
    r"|robot|artificial|model|computer|neural|algorithm|template|program|script|nmt"
    r"|assistant|(?:^|[^a-z])(?:k\. ?i|i\. ?a|ki|ia|ja|si|oui)(?:[^a-z]|$)"
    r"|sonnet|opus|haiku|anthropic|google|xai"
    r"|intelli[gz]|\x{438}\x{438}|\x{438}\x{43d}\x{442}\x{435}\x{43b}\x{43b}"
    r"|\x{43d}\x{435}\x{439}\x{440}\x{43e}|\x{4eba}\x{5de5}|\x{c778}\x{acf5}|deep learning"
    r"|written|poe\.com|character\.ai|perplexity|artificially|is[-_ ]?(?:real|fake|human)"
)
_SHAPES = (
    r"\d(?:b|bn|t|m)(?:[^a-z0-9]|$)|[\w.]/[\w.]|instruct|chat|sft|dpo|rlhf|orpo|gguf|gptq|awq"
    r"|[-_ .]it(?:[^a-z]|$)|\b[a-z](?:[-_. ][a-z0-9]){2}"
)
# Invisible characters, odd hyphens, letters in unusual dress, alphabets mixed within one word.
_DISGUISES = (
    r"[\x{ad}\x{300}-\x{36f}\x{200b}-\x{200f}\x{2010}-\x{2015}\x{202a}-\x{202e}\x{2060}-\x{2064}"
    r"\x{2212}\x{fe00}-\x{fe0f}\x{feff}\x{ff01}-\x{ff5e}\x{1d400}-\x{1d7ff}\x{e0000}-\x{e01ef}]"
    r"|[a-z0-9][-_.]?[\x{370}-\x{58f}\x{13a0}-\x{13f5}]|[\x{370}-\x{58f}\x{13a0}-\x{13f5}][-_.]?[a-z0-9]"
)
# Case counts in one place only: ``isAI``.
_JSON = (
    r"(?s)^[\s\x{feff}]*\"?\s*[\[{].*?[\"'](?i:ai|[^\"]*?(?:generat|gen[^a-z]|llm|model|teacher|synth|human|handwritten"
    r"|machine|artific|automat|(?:^|[^a-z])ai|(?-i:AI)|isai"
    r"|ai(?:[^a-z]|gen|writ|made|creat|prob|prod|trans|detect)"
    r"|gpt|bot|aigc|prov_|\\u[0-9a-f]{4}))"
)
_TELLING = "|".join((_STEMS, _WORDS, _SHAPES, _DISGUISES))


class Candidates(NamedTuple):
    """Selected values of a column, each distinct one once.

    Attributes:
        rows: int64[m], where they stand.
        indices: int64[m], which of ``values`` stands there.
        values: the distinct ones.
    """

    rows: pa.Array
    indices: pa.Array
    values: pa.Array


def find_candidates(
    column: pa.Array, *, checked: bool, known: frozenset[str] = frozenset()
) -> Candidates:
    """The values that are not null; of a column that seldom tells anything those that may.

    Args:
        column: strings.
        checked: leave out what is prose, and what holds no piece of a name or word that counts.
        known: names of further models, folded.
    """
    rows = positions(pc.is_valid(column))
    if checked and len(rows) > 0:
        short = pc.less_equal(pc.binary_length(column), _BYTES)
        if pc.any(pc.invert(short)).as_py():
            rows = positions(pc.or_(short, _is_json(column)))
    column = column if len(rows) == len(column) else column.take(rows)
    encoded = column.dictionary_encode()
    values, indices = encoded.dictionary, encoded.indices.cast(pa.int64())
    if checked:
        matching = pc.match_substring_regex(values, _telling(known), ignore_case=True)
        telling = positions(pc.or_(matching, _is_json(values)))
        if len(telling) < len(values):
            numbers = pc.index_in(indices, telling)
            kept = positions(pc.is_valid(numbers))
            rows, indices = rows.take(kept), numbers.take(kept).cast(pa.int64())
            values = values.take(telling)
    return Candidates(rows, indices, values)


@lru_cache(maxsize=16)
def _telling(known: frozenset[str]) -> str:
    """The pattern of what counts; with further names in any spelling that letters tell."""
    names = (r"[^a-z0-9]*".join(re.findall(r"[a-z]+|[0-9]+", name)) for name in sorted(known))
    return "|".join((_TELLING, *filter(None, names)))


def _is_json(values: pa.Array) -> pa.Array:
    """Lists and objects with a string in them that may be the name of a telling member."""
    return pc.match_substring_regex(values, _JSON)
