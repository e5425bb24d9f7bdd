"""List the roles that a field can have by its name: generator, maker, flag, source …"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from provenance.model.origin import Process


class FieldRole(StrEnum):
    """What the values of a field are about, by the field's name."""

    GENERATOR = "generator"
    """Only ever the model that made the text."""
    MODEL = "model"
    """A model, of a language or of a car."""
    MAKER = "maker"
    """Who or what made the text: ``author``, ``written_by``, ``origin``."""
    SOURCE = "source"
    """Where the text is from; a data set, a site, a model."""
    TOOL = "tool"
    """The tool that was used: ``engine``, ``system``, ``speaker``."""
    FLAG = "flag"
    """Whether a machine made the text."""
    HUMAN_FLAG = "human_flag"
    """Whether a person made it."""
    CLASS = "class"
    """A class of anything: ``label``, ``kind``."""
    MARK = "mark"
    """A property of a generator: ``llm_type``, ``ai_probability``."""
    USE = "use"
    """Whether a machine had a part in it, or an origin in doubt: ``ai_assisted``, ``is_fake``."""
    REAL = "real"
    """Whether the text is real: ``is_real``."""
    EITHER = "either"
    """Which of the two made it: ``human_vs_ai``."""
    SCORE = "score"
    """A probability of one of the two: ``ai_probability``, ``human_score``."""
    SPEAKER = "speaker"
    """Who speaks: ``role``, ``from``, ``messages[].name``."""
    HANDLE = "handle"
    """A chosen name: ``username``."""
    REMARK = "remark"
    """A remark about the text: ``note``, ``status``, ``config``."""
    ADDRESS = "address"
    """The address of the text: ``url``."""
    TAG = "tag"
    """A tag of the text: ``tags``, ``split``."""
    SUBJECT = "subject"
    """What the text is about: ``category``, ``tags``."""
    ANY = "any"
    """Nothing in particular."""
    NOTHING = "nothing"
    """Certainly not about the author: a title, an address, who labelled the text."""


class FieldMeaning(NamedTuple):
    """The meaning of a field's name.

    Attributes:
        role: what its values are about.
        whole: it speaks of the whole record, and not of the model's side of a chat or pair.
        flag: yes and no can be answers, too.
        plain: no other meaning is likely, so a value that is not understood is a question.
        negated: yes means no.
        process: how the name says that the text was made.
        goods: a car or a telephone has such a model.
        namesake: people are called so, too: ``teacher``.
    """

    role: FieldRole
    whole: bool = False
    flag: bool = False
    plain: bool = False
    negated: bool = False
    process: Process | None = None
    goods: bool = False
    namesake: bool = False
