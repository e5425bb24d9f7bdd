"""Decide what a field claims about its record, from the field's name and its value together."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from provenance.content.json_writer import encode_json
from provenance.model.model_names import fold_name
from provenance.origin.recognisers.claim_table import (
    CLAIMS_BY_MEANING,
    KNOWN_MODELS,
    MACHINE_WORDS,
    ClaimKind,
)
from provenance.origin.recognisers.classify_value import classify_value, name_in
from provenance.origin.recognisers.families import LONGEST_NAME, family_of
from provenance.origin.recognisers.field_names import FieldMeaning, FieldRole, field_meaning
from provenance.origin.recognisers.json_cells import leaves, listed_pairs, pairs_in, parse_cell
from provenance.origin.recognisers.machine_statements import (
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
from provenance.origin.recognisers.meanings import Meaning
from provenance.origin.recognisers.model_name_shapes import is_lower, is_unmistakable, is_versioned
from provenance.origin.recognisers.speakers import MODEL_ROLES


class FieldClaim(NamedTuple):
    """The claim of one field of a row.

    Attributes:
        claim_kind: what.
        field: its path; members of a JSON text are walked into.
        value: what stands there, as it would stand in a column of its own.
        generator: the one model that is named.
        family: that of all models that are named.
    """

    claim_kind: ClaimKind
    field: str
    value: str
    generator: str | None = None
    family: str | None = None


_ANSWERS = frozenset({Meaning.YES, Meaning.NO, Meaning.ZERO})
_SHORT, _LONG = 7, 24
_ASKED = frozenset(
    {
        FieldRole.FLAG,
        FieldRole.HUMAN_FLAG,
        FieldRole.USE,
        FieldRole.REAL,
        FieldRole.EITHER,
        FieldRole.MARK,
    }
)
_BORNE = frozenset({FieldRole.MAKER, FieldRole.SOURCE, FieldRole.TOOL})
_UNRELATED = frozenset(
    {FieldRole.ANY, FieldRole.REMARK, FieldRole.TAG, FieldRole.SUBJECT, FieldRole.CLASS}
)
_FIRST_NAMES = frozenset({"mistral", "claude", "gemini", "bard", "davinci", "vicuna", "copilot"})
"""Model families whose names are also names of people, towns or winds."""
_UNDERSTOOD = _ANSWERS | {Meaning.SILENT, Meaning.PROSE}
_NAMES_MODEL = frozenset(
    {Meaning.MODEL, Meaning.FAMILY, Meaning.HUB, Meaning.NAMESAKE, Meaning.HINT, Meaning.WORD}
    | {Meaning.INSTRUMENT, Meaning.MENTION, Meaning.OTHER}
)
_TITLE = re.compile(r"(?:mr|mrs|ms|miss|dr|prof|sir|madame|frau|herr)\b", re.IGNORECASE)


def claims_of_field(
    field: str, value: str, known: frozenset[str] = frozenset()
) -> tuple[FieldClaim, ...]:
    """Return the claims of a field with a value; a plain value makes at most one claim.

    Args:
        field: its path.
        value: its text.
        known: names of further models, folded.

    >>> [(c.claim_kind.value, c.generator) for c in claims_of_field("generator", "acme/Ours-7B")]
    [('named', 'ours-7b')]
    >>> [(c.claim_kind.value, c.field) for c in claims_of_field("metadata", '{"model":"Golf"}')]
    [('question', 'metadata.model')]
    """
    parsed = parse_cell(value)
    if parsed is None:
        plain = _plain(field, value[: LONGEST_NAME * 5], known)
        return plain or _paired(field, pairs_in(value), value)
    found: list[FieldClaim] = []
    for path, values, listed in leaves(field, parsed):
        role = field_meaning(path).role
        # A list of texts in a field of no meaning is not read either where it is a list.
        if role is FieldRole.NOTHING or (role is FieldRole.ANY and listed and "[]" not in path):
            continue
        found += _listed(path, values, known) if listed else _plain(path, values[0], known)
    return (*found, *_paired(field, listed_pairs(parsed), value))


_BY_NAME = frozenset(
    {FieldRole.GENERATOR, FieldRole.MODEL, FieldRole.FLAG, FieldRole.HUMAN_FLAG, FieldRole.MARK}
    | {FieldRole.SCORE, FieldRole.USE, FieldRole.EITHER, FieldRole.REAL}
)


def _paired(field: str, pairs: list[tuple[str, str]], text: str) -> tuple[FieldClaim, ...]:
    """Make a question if a text contains a (name, value) pair that would be a claim as a field."""
    if field_meaning(field).role is FieldRole.NOTHING:
        return ()
    for name, value in pairs:
        if field_meaning(name).role in _BY_NAME:
            made = {claim.claim_kind for claim in _plain(name, value, frozenset())}
            if made - {ClaimKind.HUMAN}:
                return (FieldClaim(ClaimKind.QUESTION, field, text[: LONGEST_NAME * 5]),)
    return ()


@lru_cache(maxsize=65_536)
def _plain(field: str, value: str, known: frozenset[str]) -> tuple[FieldClaim, ...]:
    name_meaning = field_meaning(field)
    meaning = classify_value(value)
    if meaning in _NAMES_MODEL and known and fold_name(name_in(value)) in known:
        meaning = Meaning.MODEL
    claim_kind = _judged(name_meaning, value, meaning)
    if claim_kind is ClaimKind.NOTHING and _is_name_of_mark(field, value):
        claim_kind = ClaimKind.QUESTION
    # Who wrote some members of a list did not write what lies beside them.
    if claim_kind is ClaimKind.NOTHING or (claim_kind is ClaimKind.HUMAN and "[]" in field):
        return ()
    name = _name(value, meaning) if claim_kind is ClaimKind.NAMED else None
    return (FieldClaim(claim_kind, field, value, name and fold_name(name), family_of(name)),)


_KEYS = frozenset({"key", "field", "attribute", "property", "trait_type", "k"})


def _is_name_of_mark(field: str, value: str) -> bool:
    """Whether a key field contains the name of a mark: ``attributes[].name`` = ``is_ai``."""
    above, _, leaf = field.rpartition(".")
    named = leaf.lower() in _KEYS or (leaf.lower() == "name" and above.endswith("[]"))
    if not named or len(value) > 60 or field_meaning(field).role is not FieldRole.ANY:
        return False
    name_meaning = field_meaning(value)
    asks = name_meaning.plain and name_meaning.role in {FieldRole.FLAG, FieldRole.HUMAN_FLAG}
    return asks or name_meaning.role in {
        FieldRole.GENERATOR,
        FieldRole.EITHER,
        FieldRole.USE,
        FieldRole.SCORE,
    }


def _listed(field: str, values: tuple[str, ...], known: frozenset[str]) -> tuple[FieldClaim, ...]:
    """Make one claim for a list of values: the strongest kind among them."""
    each = [claim for value in values for claim in _plain(field, value, known)]
    if not each:
        return ()
    order = list(ClaimKind)
    claim_kind = max((claim.claim_kind for claim in each), key=order.index)
    persons = any(claim.claim_kind is ClaimKind.HUMAN for claim in each)
    if persons and claim_kind in {ClaimKind.STATED, ClaimKind.NAMED}:
        claim_kind = ClaimKind.MIXED
    names = {claim.generator for claim in each if claim.generator}
    families = {claim.family for claim in each if claim.generator}
    text = encode_json(values)
    return (
        FieldClaim(
            claim_kind,
            field,
            text,
            names.pop() if len(names) == 1 else None,
            families.pop() if len(families) == 1 else None,
        ),
    )


def _judged(name_meaning: FieldMeaning, value: str, meaning: Meaning) -> ClaimKind:
    role = name_meaning.role
    special = _stated(name_meaning, value, meaning)
    if special is not None:
        return special
    claim_kind = CLAIMS_BY_MEANING[role].get(meaning, ClaimKind.NOTHING)
    if role in {FieldRole.FLAG, FieldRole.HUMAN_FLAG}:
        claim_kind = _answered(name_meaning, meaning, claim_kind)
    elif name_meaning.flag and meaning in _ANSWERS:
        claim_kind = ClaimKind.NAMED if meaning is Meaning.YES else ClaimKind.HUMAN
    elif role is FieldRole.MODEL and name_meaning.goods and claim_kind is ClaimKind.QUESTION:
        claim_kind = ClaimKind.NOTHING
    elif _hints(name_meaning, meaning):
        claim_kind = ClaimKind.QUESTION
    elif meaning is Meaning.HUB and role in {FieldRole.MAKER, FieldRole.SOURCE, FieldRole.TOOL}:
        claim_kind = _hub(name_meaning, value)
    elif (
        meaning is Meaning.MODEL
        and role in {FieldRole.ANY, FieldRole.REMARK}
        and is_unmistakable(value)
    ):
        claim_kind = ClaimKind.QUESTION
    elif name_meaning.namesake and meaning in {Meaning.OTHER, Meaning.PERSON} and _is_person(value):
        claim_kind = ClaimKind.NOTHING
    return claim_kind


def _stated(name_meaning: FieldMeaning, value: str, meaning: Meaning) -> ClaimKind | None:
    """Return the claim of a value that is explicit in any field of its role, or None."""
    role = name_meaning.role
    if role is FieldRole.NOTHING:
        return None
    term = source_type(value)
    if term is not None:
        return ClaimKind.STATED if term == "made" else ClaimKind.MIXED
    if role is FieldRole.GENERATOR:
        return _no_generator(name_meaning, value, meaning)
    asked = role in _ASKED and is_foreign_answer(value)
    if (
        asked
        or (role in _BORNE and len(value) < 16 and fold_name(value) in _FIRST_NAMES)
        or _tells(name_meaning, value, meaning)
    ):
        return ClaimKind.QUESTION
    if role is FieldRole.SPEAKER or (role is FieldRole.TOOL and meaning is not Meaning.MODEL):
        return _spoken(name_meaning, value)
    return None


def _spoken(name_meaning: FieldMeaning, value: str) -> ClaimKind | None:
    """Judge a speaker's name; ``model_turns`` handles the roles of chat turns."""
    if name_meaning.role is FieldRole.SPEAKER and not name_meaning.whole:
        usual = value.strip().lower() in MODEL_ROLES - {"chatgpt", "bing", "bard"}
        return ClaimKind.NOTHING if usual else None
    return ClaimKind.QUESTION if is_model_speaking(value) else None


def _tells(name_meaning: FieldMeaning, value: str, meaning: Meaning) -> bool:
    """Whether a value that is neither an answer nor a name states or suggests a machine."""
    role = name_meaning.role
    if role in {FieldRole.TAG, FieldRole.REMARK} and is_synthetic_word(value):
        return True
    named = meaning in KNOWN_MODELS
    if named or meaning in MACHINE_WORDS:
        more = named and role in _UNRELATED and name_in(value) != value
        return more and states_machine(value, _SHORT)
    if role in _BORNE | {FieldRole.MODEL}:
        return hints_at_machine(value) or states_machine(value, _LONG)
    if role in _UNRELATED:
        return states_machine(value, _LONG if role is FieldRole.REMARK else _SHORT)
    share = role in {FieldRole.FLAG, FieldRole.HUMAN_FLAG} and is_share(value)
    return share or (role is FieldRole.ADDRESS and names_chat_site(value))


def _no_generator(name_meaning: FieldMeaning, value: str, meaning: Meaning) -> ClaimKind | None:
    """Judge values of a generator field that may not name the writer of a text."""
    if meaning in _ANSWERS | {Meaning.SILENT, Meaning.HUMAN, Meaning.PERSON}:
        return None
    if is_page_software(value):
        return ClaimKind.NOTHING
    if meaning in {Meaning.OTHER, Meaning.WORD, Meaning.NAMESAKE}:
        surname = name_meaning.namesake and value.strip().istitle() and value.strip().isalpha()
        doubtful = surname or is_school(value) or may_be_page_software(value)
        return ClaimKind.QUESTION if doubtful else None
    return None


def _hints(name_meaning: FieldMeaning, meaning: Meaning) -> bool:
    """Whether a value that names no model still suggests a bot or an origin in its field."""
    if name_meaning.role is FieldRole.TOOL:
        return name_meaning.plain and meaning in {Meaning.OTHER, Meaning.HINT}
    return (
        meaning is Meaning.MENTION and name_meaning.role is FieldRole.MAKER and name_meaning.whole
    )


def _answered(name_meaning: FieldMeaning, meaning: Meaning, claim_kind: ClaimKind) -> ClaimKind:
    """Judge the value of a yes/no field; a value that is neither becomes a question."""
    if name_meaning.negated and meaning in _ANSWERS:
        return {ClaimKind.NAMED: ClaimKind.HUMAN, ClaimKind.HUMAN: ClaimKind.NAMED}[claim_kind]
    asks = claim_kind is ClaimKind.NOTHING and name_meaning.plain and meaning not in _UNDERSTOOD
    return ClaimKind.QUESTION if asks else claim_kind


def _is_person(value: str) -> bool:
    """Whether a value reads like a first and a last name."""
    words = value.split()
    named = len(words) > 1 and all(word.istitle() and word.isalpha() for word in words)
    return named or _TITLE.match(value.strip()) is not None


def _hub(name_meaning: FieldMeaning, value: str) -> ClaimKind:
    """Judge ``org/name`` in a field that may also name persons, sites and files."""
    source = name_meaning.role is FieldRole.SOURCE or name_meaning.whole
    if is_versioned(value):
        return ClaimKind.QUESTION if source else ClaimKind.NAMED
    return ClaimKind.QUESTION if is_lower(value) and not source else ClaimKind.NOTHING


def _name(value: str, meaning: Meaning) -> str | None:
    """Return the model that a value names."""
    if meaning not in _NAMES_MODEL:
        return None
    return value.strip() if meaning in {Meaning.OTHER, Meaning.MENTION} else name_in(value)
