"""What a field and its value claim together, by the name of the one and the sense of the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from provenance.content.json_writer import encode_json
from provenance.model.model_names import fold_name
from provenance.origin.recognisers.families import LONGEST_NAME, family_of
from provenance.origin.recognisers.field_names import Promise, Promised, promise_of
from provenance.origin.recognisers.json_cells import held_in, leaves, listed_pairs, pairs_in
from provenance.origin.recognisers.name_shapes import is_lower, is_unmistakable, is_versioned
from provenance.origin.recognisers.speakers import MODEL_ROLES
from provenance.origin.recognisers.statements import (
    hints_at_machine,
    is_foreign_answer,
    is_model_speaking,
    is_page_software,
    is_school,
    is_share,
    is_synthetic_word,
    may_be_page_software,
    names_chat_site,
    source_type,
    states_machine,
)
from provenance.origin.recognisers.value_meaning import meaning_of, model_in
from provenance.origin.recognisers.values import Says


class Verdict(StrEnum):
    """What is claimed; the later in this order goes before."""

    NOTHING = "nothing"
    HUMAN = "human"
    QUESTION = "question"
    MIXED = "mixed"
    STATED = "stated"
    """Made by a machine, in a word."""
    NAMED = "named"
    """Made by a machine, which is named or answered with a plain yes."""


class Claim(NamedTuple):
    """What one field of a row claims.

    Attributes:
        verdict: what.
        field: its path; members of a JSON text are walked into.
        value: what stands there, as it would stand in a column of its own.
        generator: the one model that is named.
        family: that of all models that are named.
    """

    verdict: Verdict
    field: str
    value: str
    generator: str | None = None
    family: str | None = None


_N, _H, _Q, _M, _S, _G = Verdict

_MACHINE_WORDS = {Says.MACHINE: _S, Says.MADE: _S, Says.DEVICE: _S}
_ANY_MACHINE = dict.fromkeys((*_MACHINE_WORDS, Says.MODEL, Says.FAMILY, Says.NAMESAKE), _Q)
_KNOWN_MODELS = dict.fromkeys((Says.MODEL, Says.FAMILY), _G)

_TABLE: Mapping[Promise, Mapping[Says, Verdict]] = {
    Promise.GENERATOR: {
        **_MACHINE_WORDS,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.HUB, Says.NAMESAKE, Says.HINT, Says.WORD), _G),
        **dict.fromkeys((Says.INSTRUMENT, Says.MENTION, Says.OTHER), _G),
        **dict.fromkeys((Says.ZERO, Says.UNSURE, Says.PROSE), _Q),
        Says.YES: _G,
        Says.HUMAN: _H,
        Says.MIXED: _M,
    },
    Promise.MODEL: {
        **_MACHINE_WORDS,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.HUB, Says.NAMESAKE), _G),
        **dict.fromkeys((Says.HINT, Says.WORD, Says.INSTRUMENT, Says.OTHER, Says.PROSE), _Q),
        **dict.fromkeys((Says.ZERO, Says.YES, Says.UNSURE, Says.MENTION), _Q),
        Says.HUMAN: _H,
        Says.MIXED: _M,
    },
    Promise.MAKER: {
        **_MACHINE_WORDS,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.NAMESAKE, Says.HINT, Says.INSTRUMENT), _Q),
        Says.HUMAN: _H,
        Says.MIXED: _M,
    },
    Promise.SOURCE: {
        Says.MACHINE: _S,
        Says.MADE: _S,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.NAMESAKE, Says.HINT, Says.INSTRUMENT), _Q),
        Says.HUMAN: _H,
        Says.MIXED: _M,
    },
    Promise.TOOL: {
        **_KNOWN_MODELS,
        Says.MADE: _S,
        **dict.fromkeys((Says.MACHINE, Says.NAMESAKE, Says.HINT, Says.INSTRUMENT), _Q),
    },
    Promise.FLAG: {
        **_MACHINE_WORDS,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.HUB, Says.NAMESAKE), _G),
        Says.YES: _G,
        Says.NO: _H,
        Says.ZERO: _H,
        Says.HUMAN: _H,
        Says.PERSON: _H,
        Says.MIXED: _M,
    },
    Promise.HUMAN_FLAG: {
        **_MACHINE_WORDS,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.HUB, Says.NAMESAKE), _G),
        Says.YES: _H,
        Says.NO: _G,
        Says.ZERO: _G,
        Says.HUMAN: _H,
        Says.PERSON: _H,
        Says.MIXED: _M,
    },
    Promise.CLASS: dict.fromkeys((Says.MACHINE, Says.MADE, Says.MODEL, Says.FAMILY), _Q),
    Promise.MARK: {
        **_MACHINE_WORDS,
        **_KNOWN_MODELS,
        **dict.fromkeys((Says.HUB, Says.NAMESAKE, Says.HINT, Says.WORD), _Q),
        **dict.fromkeys((Says.INSTRUMENT, Says.OTHER, Says.YES, Says.UNSURE), _Q),
        **dict.fromkeys((Says.PROSE, Says.MIXED, Says.MENTION), _Q),
    },
    Promise.USE: {**_ANY_MACHINE, **dict.fromkeys((Says.YES, Says.MIXED, Says.UNSURE), _Q)},
    Promise.REAL: {**_ANY_MACHINE, Says.NO: _Q, Says.ZERO: _Q, Says.MIXED: _Q},
    Promise.EITHER: dict.fromkeys(
        set(Says) - {Says.SILENT, *_MACHINE_WORDS, *_KNOWN_MODELS, Says.HUMAN, Says.MIXED}, _Q
    )
    | {**_MACHINE_WORDS, **_KNOWN_MODELS, Says.HUMAN: _H, Says.MIXED: _M},
    Promise.SCORE: dict.fromkeys(set(Says) - {Says.SILENT}, _Q),
    Promise.SPEAKER: dict.fromkeys((Says.MADE, Says.MODEL, Says.FAMILY, Says.NAMESAKE), _Q),
    Promise.HANDLE: dict.fromkeys((Says.MADE, Says.MODEL, Says.FAMILY), _Q),
    Promise.REMARK: {Says.MADE: _Q},
    Promise.ADDRESS: {},
    Promise.TAG: {Says.MADE: _Q},
    Promise.SUBJECT: {Says.MADE: _Q},
    Promise.ANY: {Says.MADE: _Q},
    Promise.NOTHING: {},
}

_ANSWERS = frozenset({Says.YES, Says.NO, Says.ZERO})
_FEW_WORDS, _MANY_WORDS = 7, 24
_ASKED = frozenset(
    {Promise.FLAG, Promise.HUMAN_FLAG, Promise.USE, Promise.REAL, Promise.EITHER, Promise.MARK}
)
_BORNE = frozenset({Promise.MAKER, Promise.SOURCE, Promise.TOOL})
_BESIDE = frozenset({Promise.ANY, Promise.REMARK, Promise.TAG, Promise.SUBJECT, Promise.CLASS})
_FIRST_NAMES = frozenset({"mistral", "claude", "gemini", "bard", "davinci", "vicuna", "copilot"})
"""Families of models that are called as people, places and winds are."""
_UNDERSTOOD = _ANSWERS | {Says.SILENT, Says.PROSE}
_NAMES_MODEL = frozenset(
    {Says.MODEL, Says.FAMILY, Says.HUB, Says.NAMESAKE, Says.HINT, Says.WORD}
    | {Says.INSTRUMENT, Says.MENTION, Says.OTHER}
)
_TITLE = re.compile(r"(?:mr|mrs|ms|miss|dr|prof|sir|madame|frau|herr)\b", re.IGNORECASE)


def claims_of(field: str, value: str, known: frozenset[str] = frozenset()) -> tuple[Claim, ...]:
    """What a field of some path claims with some value: of a plain value one claim at most.

    Args:
        field: its path.
        value: its text.
        known: names of further models, folded.

    >>> [(c.verdict.value, c.generator) for c in claims_of("generator", "acme/Ours-7B")]
    [('named', 'ours-7b')]
    >>> [(c.verdict.value, c.field) for c in claims_of("metadata", '{"model":"Golf"}')]
    [('question', 'metadata.model')]
    """
    held = held_in(value)
    if held is None:
        plain = _plain(field, value[: LONGEST_NAME * 5], known)
        return plain or _paired(field, pairs_in(value), value)
    found: list[Claim] = []
    for path, values, listed in leaves(field, held):
        of = promise_of(path).of
        # A list of texts in a field of no meaning is not read either where it is a list.
        if of is Promise.NOTHING or (of is Promise.ANY and listed and "[]" not in path):
            continue
        found += _listed(path, values, known) if listed else _plain(path, values[0], known)
    return (*found, *_paired(field, listed_pairs(held), value))


_BY_NAME = frozenset(
    {Promise.GENERATOR, Promise.MODEL, Promise.FLAG, Promise.HUMAN_FLAG, Promise.MARK}
    | {Promise.SCORE, Promise.USE, Promise.EITHER, Promise.REAL}
)


def _paired(field: str, pairs: list[tuple[str, str]], text: str) -> tuple[Claim, ...]:
    """A question, where a name beside some value in a text is that of a mark which claims."""
    if promise_of(field).of is Promise.NOTHING:
        return ()
    for name, value in pairs:
        if promise_of(name).of in _BY_NAME:
            made = {claim.verdict for claim in _plain(name, value, frozenset())}
            if made - {Verdict.HUMAN}:
                return (Claim(Verdict.QUESTION, field, text[: LONGEST_NAME * 5]),)
    return ()


@lru_cache(maxsize=65_536)
def _plain(field: str, value: str, known: frozenset[str]) -> tuple[Claim, ...]:
    promised = promise_of(field)
    says = meaning_of(value)
    if says in _NAMES_MODEL and known and fold_name(model_in(value)) in known:
        says = Says.MODEL
    verdict = _judged(promised, value, says)
    if verdict is Verdict.NOTHING and _is_name_of_mark(field, value):
        verdict = Verdict.QUESTION
    # Who wrote some members of a list did not write what lies beside them.
    if verdict is Verdict.NOTHING or (verdict is Verdict.HUMAN and "[]" in field):
        return ()
    name = _name(value, says) if verdict is Verdict.NAMED else None
    return (Claim(verdict, field, value, name and fold_name(name), family_of(name)),)


_KEYS = frozenset({"key", "field", "attribute", "property", "trait_type", "k"})


def _is_name_of_mark(field: str, value: str) -> bool:
    """Whether a field that names another has the name of a mark: ``attributes[].name``."""
    above, _, leaf = field.rpartition(".")
    named = leaf.lower() in _KEYS or (leaf.lower() == "name" and above.endswith("[]"))
    if not named or len(value) > 60 or promise_of(field).of is not Promise.ANY:
        return False
    promised = promise_of(value)
    asks = promised.plain and promised.of in {Promise.FLAG, Promise.HUMAN_FLAG}
    return asks or promised.of in {Promise.GENERATOR, Promise.EITHER, Promise.USE, Promise.SCORE}


def _listed(field: str, values: tuple[str, ...], known: frozenset[str]) -> tuple[Claim, ...]:
    """One claim for a list: of the strongest kind in it."""
    each = [claim for value in values for claim in _plain(field, value, known)]
    if not each:
        return ()
    order = list(Verdict)
    verdict = max((claim.verdict for claim in each), key=order.index)
    persons = any(claim.verdict is Verdict.HUMAN for claim in each)
    if persons and verdict in {Verdict.STATED, Verdict.NAMED}:
        verdict = Verdict.MIXED
    names = {claim.generator for claim in each if claim.generator}
    families = {claim.family for claim in each if claim.generator}
    text = encode_json(values)
    return (
        Claim(
            verdict,
            field,
            text,
            names.pop() if len(names) == 1 else None,
            families.pop() if len(families) == 1 else None,
        ),
    )


def _judged(promised: Promised, value: str, says: Says) -> Verdict:
    of = promised.of
    special = _stated(promised, value, says)
    if special is not None:
        return special
    verdict = _TABLE[of].get(says, Verdict.NOTHING)
    if of in {Promise.FLAG, Promise.HUMAN_FLAG}:
        verdict = _answered(promised, says, verdict)
    elif promised.flag and says in _ANSWERS:
        verdict = Verdict.NAMED if says is Says.YES else Verdict.HUMAN
    elif of is Promise.MODEL and promised.goods and verdict is Verdict.QUESTION:
        verdict = Verdict.NOTHING
    elif _hints(promised, says):
        verdict = Verdict.QUESTION
    elif says is Says.HUB and of in {Promise.MAKER, Promise.SOURCE, Promise.TOOL}:
        verdict = _hub(promised, value)
    elif says is Says.MODEL and of in {Promise.ANY, Promise.REMARK} and is_unmistakable(value):
        verdict = Verdict.QUESTION
    elif promised.namesake and says in {Says.OTHER, Says.PERSON} and _is_person(value):
        verdict = Verdict.NOTHING
    return verdict


def _stated(promised: Promised, value: str, says: Says) -> Verdict | None:
    """What a value says in words that hold in any field of its sort; None where it has none."""
    of = promised.of
    if of is Promise.NOTHING:
        return None
    term = source_type(value)
    if term is not None:
        return Verdict.STATED if term == "made" else Verdict.MIXED
    if of is Promise.GENERATOR:
        return _no_generator(promised, value, says)
    asked = of in _ASKED and is_foreign_answer(value)
    if (
        asked
        or (of in _BORNE and len(value) < 16 and fold_name(value) in _FIRST_NAMES)
        or _tells(promised, value, says)
    ):
        return Verdict.QUESTION
    if of is Promise.SPEAKER or (of is Promise.TOOL and says is not Says.MODEL):
        return _spoken(promised, value)
    return None


def _spoken(promised: Promised, value: str) -> Verdict | None:
    """Who speaks is called as models are; which of the turns of a chat are is told elsewhere."""
    if promised.of is Promise.SPEAKER and not promised.whole:
        usual = value.strip().lower() in MODEL_ROLES - {"chatgpt", "bing", "bard"}
        return Verdict.NOTHING if usual else None
    return Verdict.QUESTION if is_model_speaking(value) else None


def _tells(promised: Promised, value: str, says: Says) -> bool:
    """Whether a value that is no answer and no name states a machine, or hints at one."""
    of = promised.of
    if of in {Promise.TAG, Promise.REMARK} and is_synthetic_word(value):
        return True
    named = says in _KNOWN_MODELS
    if named or says in _MACHINE_WORDS:
        more = named and of in _BESIDE and model_in(value) != value
        return more and states_machine(value, _FEW_WORDS)
    if of in _BORNE | {Promise.MODEL}:
        return hints_at_machine(value) or states_machine(value, _MANY_WORDS)
    if of in _BESIDE:
        return states_machine(value, _MANY_WORDS if of is Promise.REMARK else _FEW_WORDS)
    share = of in {Promise.FLAG, Promise.HUMAN_FLAG} and is_share(value)
    return share or (of is Promise.ADDRESS and names_chat_site(value))


def _no_generator(promised: Promised, value: str, says: Says) -> Verdict | None:
    """What stands in a generator's field and may have made no text."""
    if says in _ANSWERS | {Says.SILENT, Says.HUMAN, Says.PERSON}:
        return None
    if is_page_software(value):
        return Verdict.NOTHING
    if says in {Says.OTHER, Says.WORD, Says.NAMESAKE}:
        surname = promised.namesake and value.strip().istitle() and value.strip().isalpha()
        doubtful = surname or is_school(value) or may_be_page_software(value)
        return Verdict.QUESTION if doubtful else None
    return None


def _hints(promised: Promised, says: Says) -> bool:
    """Whether a value that names nothing is a hint for its field: of a bot, or of an origin."""
    if promised.of is Promise.TOOL:
        return promised.plain and says in {Says.OTHER, Says.HINT}
    return says is Says.MENTION and promised.of is Promise.MAKER and promised.whole


def _answered(promised: Promised, says: Says, verdict: Verdict) -> Verdict:
    """What the value of a flag answers; what is no answer is a question where nothing else fits."""
    if promised.negated and says in _ANSWERS:
        return {Verdict.NAMED: Verdict.HUMAN, Verdict.HUMAN: Verdict.NAMED}[verdict]
    asks = verdict is Verdict.NOTHING and promised.plain and says not in _UNDERSTOOD
    return Verdict.QUESTION if asks else verdict


def _is_person(value: str) -> bool:
    """Whether a value reads like a first and a last name."""
    words = value.split()
    named = len(words) > 1 and all(word.istitle() and word.isalpha() for word in words)
    return named or _TITLE.match(value.strip()) is not None


def _hub(promised: Promised, value: str) -> Verdict:
    """``org/name`` in a field that names persons, sites and files as well."""
    source = promised.of is Promise.SOURCE or promised.whole
    if is_versioned(value):
        return Verdict.QUESTION if source else Verdict.NAMED
    return Verdict.QUESTION if is_lower(value) and not source else Verdict.NOTHING


def _name(value: str, says: Says) -> str | None:
    """The model that a value names."""
    if says not in _NAMES_MODEL:
        return None
    return value.strip() if says in {Says.OTHER, Says.MENTION} else model_in(value)
