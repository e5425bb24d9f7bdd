"""List what a single value can mean: nothing, a person, a machine, both, or a name."""

from __future__ import annotations

from enum import StrEnum


class Meaning(StrEnum):
    """Meanings of a value."""

    SILENT = "silent"
    NO = "no"
    ZERO = "zero"
    YES = "yes"
    UNSURE = "unsure"
    """Somebody who is not named: ``other``."""
    HUMAN = "human"
    PERSON = "person"
    """A word for persons: ``annotators``, ``an expert``."""
    MIXED = "mixed"
    MACHINE = "machine"
    """A machine, or the subject of machines: ``AI``."""
    MADE = "made"
    """Made by a machine, unambiguously: ``machine-translated``."""
    DEVICE = "device"
    """A machine, or what is made without a hand: ``automatic``, ``robot``."""
    MODEL = "model"
    """A model that writes: by a known name and version, a size, or what it was tuned for."""
    HUB = "hub"
    """Named as hubs name models, and data sets: ``org/name``."""
    FAMILY = "family"
    """The name of a family of models alone."""
    NAMESAKE = "namesake"
    """The name of a family that people are called by, too."""
    HINT = "hint"
    """Perhaps a model: ``zorp7b``, ``my-llama``."""
    WORD = "word"
    """A word that a family of models is called by, too: ``Falcon``, ``Bloom``."""
    INSTRUMENT = "instrument"
    """A model that judges, listens or draws."""
    MENTION = "mention"
    """A word for a machine among others: ``llm pipeline``, and ``AI weekly``."""
    PROSE = "prose"
    OTHER = "other"
