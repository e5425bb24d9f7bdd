"""Map the role of a field and the meaning of its value to a kind of claim, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from provenance.origin.recognisers.field_roles import FieldRole
from provenance.origin.recognisers.meanings import Meaning


class ClaimKind(StrEnum):
    """Kinds of claims, weakest first; the strongest of a list is kept."""

    NOTHING = "nothing"
    HUMAN = "human"
    QUESTION = "question"
    MIXED = "mixed"
    STATED = "stated"
    """Made by a machine, according to a word such as "synthetic"."""
    NAMED = "named"
    """Made by a machine, according to its name or a plain yes."""


_N, _H, _Q, _M, _S, _G = ClaimKind

MACHINE_WORDS = {Meaning.MACHINE: _S, Meaning.MADE: _S, Meaning.DEVICE: _S}
_ANY_MACHINE = dict.fromkeys((*MACHINE_WORDS, Meaning.MODEL, Meaning.FAMILY, Meaning.NAMESAKE), _Q)
KNOWN_MODELS = dict.fromkeys((Meaning.MODEL, Meaning.FAMILY), _G)

CLAIMS_BY_MEANING: Mapping[FieldRole, Mapping[Meaning, ClaimKind]] = {
    FieldRole.GENERATOR: {
        **MACHINE_WORDS,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.HUB, Meaning.NAMESAKE, Meaning.HINT, Meaning.WORD), _G),
        **dict.fromkeys((Meaning.INSTRUMENT, Meaning.MENTION, Meaning.OTHER), _G),
        **dict.fromkeys((Meaning.ZERO, Meaning.UNSURE, Meaning.PROSE), _Q),
        Meaning.YES: _G,
        Meaning.HUMAN: _H,
        Meaning.MIXED: _M,
    },
    FieldRole.MODEL: {
        **MACHINE_WORDS,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.HUB, Meaning.NAMESAKE), _G),
        **dict.fromkeys(
            (Meaning.HINT, Meaning.WORD, Meaning.INSTRUMENT, Meaning.OTHER, Meaning.PROSE), _Q
        ),
        **dict.fromkeys((Meaning.ZERO, Meaning.YES, Meaning.UNSURE, Meaning.MENTION), _Q),
        Meaning.HUMAN: _H,
        Meaning.MIXED: _M,
    },
    FieldRole.MAKER: {
        **MACHINE_WORDS,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.NAMESAKE, Meaning.HINT, Meaning.INSTRUMENT), _Q),
        Meaning.HUMAN: _H,
        Meaning.MIXED: _M,
    },
    FieldRole.SOURCE: {
        Meaning.MACHINE: _S,
        Meaning.MADE: _S,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.NAMESAKE, Meaning.HINT, Meaning.INSTRUMENT), _Q),
        Meaning.HUMAN: _H,
        Meaning.MIXED: _M,
    },
    FieldRole.TOOL: {
        **KNOWN_MODELS,
        Meaning.MADE: _S,
        **dict.fromkeys((Meaning.MACHINE, Meaning.NAMESAKE, Meaning.HINT, Meaning.INSTRUMENT), _Q),
    },
    FieldRole.FLAG: {
        **MACHINE_WORDS,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.HUB, Meaning.NAMESAKE), _G),
        Meaning.YES: _G,
        Meaning.NO: _H,
        Meaning.ZERO: _H,
        Meaning.HUMAN: _H,
        Meaning.PERSON: _H,
        Meaning.MIXED: _M,
    },
    FieldRole.HUMAN_FLAG: {
        **MACHINE_WORDS,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.HUB, Meaning.NAMESAKE), _G),
        Meaning.YES: _H,
        Meaning.NO: _G,
        Meaning.ZERO: _G,
        Meaning.HUMAN: _H,
        Meaning.PERSON: _H,
        Meaning.MIXED: _M,
    },
    FieldRole.CLASS: dict.fromkeys(
        (Meaning.MACHINE, Meaning.MADE, Meaning.MODEL, Meaning.FAMILY), _Q
    ),
    FieldRole.MARK: {
        **MACHINE_WORDS,
        **KNOWN_MODELS,
        **dict.fromkeys((Meaning.HUB, Meaning.NAMESAKE, Meaning.HINT, Meaning.WORD), _Q),
        **dict.fromkeys((Meaning.INSTRUMENT, Meaning.OTHER, Meaning.YES, Meaning.UNSURE), _Q),
        **dict.fromkeys((Meaning.PROSE, Meaning.MIXED, Meaning.MENTION), _Q),
    },
    FieldRole.USE: {
        **_ANY_MACHINE,
        **dict.fromkeys((Meaning.YES, Meaning.MIXED, Meaning.UNSURE), _Q),
    },
    FieldRole.REAL: {**_ANY_MACHINE, Meaning.NO: _Q, Meaning.ZERO: _Q, Meaning.MIXED: _Q},
    FieldRole.EITHER: dict.fromkeys(
        set(Meaning)
        - {Meaning.SILENT, *MACHINE_WORDS, *KNOWN_MODELS, Meaning.HUMAN, Meaning.MIXED},
        _Q,
    )
    | {**MACHINE_WORDS, **KNOWN_MODELS, Meaning.HUMAN: _H, Meaning.MIXED: _M},
    FieldRole.SCORE: dict.fromkeys(set(Meaning) - {Meaning.SILENT}, _Q),
    FieldRole.SPEAKER: dict.fromkeys(
        (Meaning.MADE, Meaning.MODEL, Meaning.FAMILY, Meaning.NAMESAKE), _Q
    ),
    FieldRole.HANDLE: dict.fromkeys((Meaning.MADE, Meaning.MODEL, Meaning.FAMILY), _Q),
    FieldRole.REMARK: {Meaning.MADE: _Q},
    FieldRole.ADDRESS: {},
    FieldRole.TAG: {Meaning.MADE: _Q},
    FieldRole.SUBJECT: {Meaning.MADE: _Q},
    FieldRole.ANY: {Meaning.MADE: _Q},
    FieldRole.NOTHING: {},
}
