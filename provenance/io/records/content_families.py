"""Group fields that are one record together, such as a question and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance.io.contract.reader import Shape
from provenance.io.records.content_names import (
    ANSWERS,
    CHATS,
    GIVEN,
    LATE,
    MEDIA,
    OTHER_ANSWERS,
    PARTS,
    PREFERENCE,
    QUESTIONS,
    QUOTED,
    TEXTS,
    THOUGHTS,
    TOOLS,
    is_export_field,
    is_remark,
    leaf,
)

_JUDGED = frozenset({*THOUGHTS, *OTHER_ANSWERS})
"""Fields that, beside a preference, explain it: they are content only if they look like text."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of one level of a record.

    Attributes:
        kinds: names without what leads to them, to their kinds as in ``Shape.fields``.
        looks, repeats: as in ``Shape``, by the same names.
        above: what leads to them, with a dot behind it; empty at the top.
    """

    kinds: Mapping[str, str]
    looks: Mapping[str, str]
    repeats: frozenset[tuple[str, str]] = frozenset()
    above: str = ""

    def paths(self, names: Sequence[str]) -> tuple[str, ...]:
        """Prefix names with the path of their level."""
        return tuple(f"{self.above}{name}" for name in names)


@dataclass(frozen=True, slots=True)
class ContentFamily:
    """Fields that are content together.

    Attributes:
        text: whether the record is the one text.
        required: those by which it is known.
        content: these and what joins them, in the order of the file.
        late: what would join them and is not there.
        aside: what joins them by its looks alone, or is no part of what was said.
        reason: how it was known.
        known: whether its names are those of a family, and not its looks alone.
    """

    text: bool
    required: tuple[str, ...]
    content: tuple[str, ...]
    reason: str
    late: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    known: bool = True


def families(fields: Fields) -> list[ContentFamily]:
    """Find every family of known names; equivalent ones count once."""
    kinds = fields.kinds
    asked = preferences(kinds) or chats(kinds) or pairs(kinds)
    texts = [
        ContentFamily(
            True, (name,), fields.paths([name]), f"its field is named {fields.above}{name}"
        )
        for name in TEXTS
        if kinds.get(name) == "string" and not (asked and name in QUOTED)
    ]
    return texts + [build_family(fields, required) for required in asked]


def preferences(kinds: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Find the two answers of a preference."""
    return [PREFERENCE] if all(has_values(kinds, name) for name in PREFERENCE) else []


def chats(kinds: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Find the fields of known names that are conversations."""
    return [(name,) for name in CHATS if kinds.get(name) in {"messages", "list"}]


def pairs(kinds: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Find a question, with one answer each."""
    asks = [name for name in QUESTIONS if has_values(kinds, name)]
    answers = [name for name in ANSWERS if has_values(kinds, name)]
    if asks and not answers:
        answers = [name for name in OTHER_ANSWERS if has_values(kinds, name)][:1]
    if not asks and kinds.get("input") == "string" and kinds.get("output") == "string":
        asks, answers = ["input"], ["output"]
    return [(asks[0], answer) for answer in answers] if asks else []


def has_values(kinds: Mapping[str, str], name: str) -> bool:
    """Check whether a field has values."""
    return kinds.get(name, "null") != "null"


def build_family(fields: Fields, required: tuple[str, ...], reason: str = "") -> ContentFamily:
    """Build the family of some fields, with the other texts of the record."""
    content = [name for name in fields.kinds if name in required or _joins(fields, name, required)]
    rivals = set(ANSWERS) - set(required) if required[-1] in ANSWERS else set()
    content = [name for name in content if name not in rivals]
    late = [name for name in LATE if name not in fields.kinds]
    known = "its field is named" if len(required) == 1 else "its fields are"
    named = " and ".join(fields.paths(required))
    return ContentFamily(
        False,
        required,
        fields.paths(content),
        reason or f"{known} {named}",
        fields.paths(late),
        fields.paths([name for name in (*content, *late) if _is_aside(name, required)]),
    )


def _joins(fields: Fields, name: str, required: Sequence[str]) -> bool:
    """Check whether a field belongs to a family: by its name, or as a text that is no remark."""
    kind = fields.kinds[name]
    if is_export_field(name) or kind in {"number", "boolean"}:
        return False
    other_words = name in _in_other_words(required) or leaf(name) not in PARTS
    if other_words and any((name, other) in fields.repeats for other in required):
        return False
    judged = tuple(required) == PREFERENCE and name in _JUDGED
    if leaf(name) in PARTS and not judged:
        # A field that may repeat another joins only if its values were examined.
        return not other_words or name in fields.looks
    if is_remark(name) or name in TEXTS:
        return False
    return kind == "messages" or fields.looks.get(name) == "prose"


def _in_other_words(required: Sequence[str]) -> tuple[str, ...]:
    if tuple(required) == PREFERENCE:
        return (*CHATS, *ANSWERS)
    if required[-1] in {*ANSWERS, *OTHER_ANSWERS}:
        return ()
    return (*QUESTIONS, *ANSWERS, *OTHER_ANSWERS)


def _is_aside(name: str, required: Sequence[str]) -> bool:
    return name not in required and (
        leaf(name) not in PARTS or name in TOOLS or name in MEDIA or name in GIVEN
    )


_PEOPLE = frozenset({"user", "author", "owner", "creator", "account", "actor", "annotator"})


def nested_families(shape: Shape) -> list[ContentFamily]:
    """Find families in nested objects; without known names, the only text by its look.

    Fields inside the object of another family are quoted by it, and no candidates.
    """
    levels: dict[str, dict[str, str]] = {}
    for path, kind in shape.below.items():
        if "[]" not in path:
            above, _, name = path.rpartition(".")
            levels.setdefault(f"{above}.", {})[name] = kind
    found: list[tuple[str, ContentFamily]] = []
    for above, kinds in levels.items():
        looks = {n: shape.looks[f"{above}{n}"] for n in kinds if f"{above}{n}" in shape.looks}
        at_level = Fields(kinds, looks, above=above)
        found += [(above, family) for family in families(at_level)]
    outer = [f for above, f in found if not any(_within(above, other) for other, _ in found)]
    if outer:
        # Of texts of known names those that look like it, if any does.
        likely = [f for f in outer if not f.text or shape.looks.get(f.content[0]) != "terse"]
        return likely or outer
    texts = [path for path, kind in shape.below.items() if _is_text(shape, path, kind)]
    reason = "the only text in the objects of a record"
    return [ContentFamily(True, (path,), (path,), reason, known=False) for path in texts]


def _within(above: str, other: str) -> bool:
    return above != other and above.startswith(other)


def _is_text(shape: Shape, path: str, kind: str) -> bool:
    steps = path.split(".")
    likely = kind == "string" and "[]" not in path and shape.looks.get(path) == "prose"
    return likely and not is_remark(steps[-1]) and _PEOPLE.isdisjoint(steps)
