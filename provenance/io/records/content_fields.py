"""Choose the content fields of a file, and the fields of standard attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance.errors import AmbiguousError, InputError, MisuseError, NotFoundError
from provenance.io.contract.reader import Kind, ReadLayout, Shape
from provenance.io.contract.record_paths import ABOVE
from provenance.io.records.content_families import (
    ContentFamily,
    Fields,
    build_family,
    families,
    nested_families,
)
from provenance.io.records.content_names import (
    RESERVED,
    TEXTS,
    is_about,
    is_export_field,
    is_remark,
    leaf,
)

STANDARD: dict[str, tuple[str, ...]] = {
    "id": (
        "id",
        "_id",
        "uuid",
        "doc_id",
        "document_id",
        "message_id",
        "record_id",
        "prompt_id",
        "conversation_id",
        "conversation_hash",
        "warc_id",
        "WARC-Record-ID",
    ),
    "lang": ("lang", "language", "WARC-Identified-Content-Language"),
    "url": ("url", "source_url", "link", "WARC-Target-URI"),
    "licence": ("licence", "license"),
}
"""Fields of each standard attribute, by precedence."""


# Of rows that differ in kind, the kind of some may be hidden behind that of others.
_MAY_BE_PLAIN = {"string", "number", "messages", "null"}


@dataclass(frozen=True, slots=True)
class ContentChoice:
    """Chosen content of a file, and the reason for the choice.

    Attributes:
        late: further fields that are content of a record that has them, as any row may.
        aside: content fields that are searched for marks as well, since only their looks say that
            they are texts.
    """

    kind: Kind
    content: tuple[str, ...]
    reason: str
    late: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    @property
    def whole(self) -> tuple[str, ...]:
        """All content fields."""
        return (*self.content, *self.late)

    def of(self, shape: Mapping[str, str]) -> tuple[str, ...]:
        """Content fields of rows with these fields."""
        return (*self.content, *(name for name in self.late if name in shape))


def choose_content(shape: Shape, asked: Sequence[str], fmt: str) -> ContentChoice:
    """Choose the content: as asked for, as fixed by the format, or by known names.

    Args:
        shape: what the first records look like.
        asked: the fields of ``--content``; empty when it was not given.
        fmt: name of the format, for messages.

    Raises:
        AmbiguousError: more than one field could be it.
        InputError: none could.
        NotFoundError: a field that was asked for is not in the file.
        MisuseError: a field that was asked for is one of ours, or ``*`` is named with others.
    """
    if asked:
        return _asked(shape, tuple(dict.fromkeys(asked)))
    if shape.native:
        kind: Kind = "binary" if shape.native == ("payload",) else "text"
        return ContentChoice(kind, shape.native, f"the content of a {fmt} record")
    found = families(_top(shape))
    if len(found) == 1:
        return _of_family(found[0])
    if found:
        raise _ambiguous(shape, fmt, ["+".join(family.content) for family in found])
    return _of_unknown_name(shape, fmt)


def _top(shape: Shape) -> Fields:
    return Fields(shape.fields, shape.looks, shape.repeats)


def _of_family(family: ContentFamily) -> ContentChoice:
    if family.text:
        return ContentChoice("text", family.content, family.reason)
    return ContentChoice("structured", family.content, family.reason, family.late, family.aside)


def _of_unknown_name(shape: Shape, fmt: str) -> ContentChoice:
    """Choose the content where no field has a known name: another text, or a nested one."""
    talks = [name for name in _own(shape, "messages") if not is_about(name)]
    if len(talks) == 1:
        return _of_family(build_family(_top(shape), (talks[0],), "the only conversation"))
    texts = [name for name in _own(shape, "string") if _may_be_text(shape, name)]
    inner = nested_families(shape)
    sure = [n for n in texts if shape.looks.get(n) != "short" and not is_remark(n)]
    surely = any(family.known for family in inner)
    if inner and not talks and (not texts or (surely and not sure)):
        rivals = any(_is_of_tree(shape, family) for family in inner)
        if len(inner) == 1 and not rivals:
            return _of_family(inner[0])
        names = ["+".join(family.content) for family in inner]
        raise _ambiguous(shape, fmt, names + ["in nested records"] * rivals)
    candidates = [*texts, *talks, *("+".join(f.content) for f in inner if f.known or not sure)]
    if len(candidates) == 1 and shape.nested:
        raise _ambiguous(shape, fmt, [*candidates, "in nested records"])
    if len(candidates) == 1 and texts:
        return _only_text(shape, texts[0])
    if candidates:
        raise _ambiguous(shape, fmt, candidates)
    if len(shape.media) == 1:
        return ContentChoice("binary", shape.media, "the only field of pictures, sounds or films")
    # Where the first records have nothing in the field, each is refused for that, by its row.
    empty = [name for name in TEXTS if shape.fields.get(name) == "null"]
    if len(empty) == 1:
        return ContentChoice("text", (empty[0],), f"its field is named {empty[0]}")
    raise InputError(f"no content field found in the {fmt} file", hint=_hint(shape))


def _only_text(shape: Shape, name: str) -> ContentChoice:
    """Choose a text of unknown name, with lists of texts beside it."""
    lists = [
        other
        for other in _own(shape, "list")
        if shape.looks.get(other) == "prose" and not is_remark(other)
    ]
    if not lists:
        return ContentChoice("text", (name,), "the only field of text")
    content = tuple(each for each in shape.fields if each in {name, *lists})
    return ContentChoice("structured", content, "the only fields of text", aside=tuple(lists))


def _may_be_text(shape: Shape, name: str) -> bool:
    return not is_about(name) and shape.looks.get(name) != "terse"


def _is_of_tree(shape: Shape, family: ContentFamily) -> bool:
    """Check whether lists in the records hold objects with a text of that name, like replies."""
    name = leaf(family.required[0])
    return family.text and any(path.endswith(f"[].{name}") for path in shape.below)


def _ambiguous(shape: Shape, fmt: str, names: Sequence[str]) -> AmbiguousError:
    return AmbiguousError(
        f"the content of the {fmt} file could be {' or '.join(names)}", hint=_hint(shape)
    )


def choose_fields(fields: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Map standard attributes (``id``, ``lang``, …) to the fields that may hold them.

    Of several fields, the first with a plain value in a row counts for that row. What a record
    lacks is looked up in its enclosing objects, the nearest first, except for its id.

    >>> choose_fields({"text": "string", "uuid": "string", "id": "number", "lang": "object"})
    {'id': ('id', 'uuid')}
    """
    found = {}
    levels = _levels(fields)
    for attribute, names in STANDARD.items():
        places = [f"{above}{name}" for above in levels for name in names]
        own = names if attribute == "id" else places
        present = tuple(name for name in own if fields.get(name) in _MAY_BE_PLAIN)
        if present:
            found[attribute] = present
    return found


def _levels(fields: Mapping[str, str]) -> list[str]:
    """List the path prefixes of a record's own members, of its enclosing object's, and so on."""
    levels = [""]
    while fields.get(f"{levels[-1]}{ABOVE}") == "object":
        levels.append(f"{levels[-1]}{ABOVE}.")
    return levels


def no_content(layout: ReadLayout, state: str) -> str:
    """Word the reject reason of a row whose content columns are all null or all empty."""
    if layout.content == ("*",):
        return "the record is empty"
    if len(layout.content) == 1:
        return f'field "{layout.content[0]}" is {state}'
    return f"the content fields are {state}"


def _asked(shape: Shape, asked: tuple[str, ...]) -> ContentChoice:
    if "*" in asked:
        if len(asked) > 1:
            raise MisuseError("--content '*' is the whole row, other fields are in it already")
        return ContentChoice("structured", asked, "asked for")
    for name in asked:
        if name.startswith(RESERVED):
            raise MisuseError(
                f"{name} is a column that an export adds, not content", hint="name another field"
            )
    here = tuple(name for name in asked if name in shape.native or _present(shape, name))
    if not here:
        raise NotFoundError(f"no field {asked[0]!r} in the file", hint=_hint(shape))
    if asked == ("payload",) and shape.native == asked:
        return ContentChoice("binary", asked, "asked for")
    media = tuple(path for path in shape.media if asked in {(path,), (path.partition(".")[0],)})
    if media:
        return ContentChoice("binary", media, "asked for")
    # Of a dotted name the kind is not known before it is read; one name is text then.
    text = len(asked) == 1 and shape.fields.get(asked[0], "string") in {"string", "null"}
    # Of several fields some may come late in the file: whether they do shows at its end.
    late = tuple(name for name in asked if name not in here)
    return ContentChoice("text" if text else "structured", here, "asked for", late)


def _present(shape: Shape, name: str) -> bool:
    return name in shape.fields or shape.fields.get(name.partition(".")[0]) == "object"


def _own(shape: Shape, kind: str) -> list[str]:
    return [
        name for name, found in shape.fields.items() if found == kind and not is_export_field(name)
    ]


_MOST_NAMED = 8


def _is_text_inside(shape: Shape, path: str, kind: str) -> bool:
    look = shape.looks.get(path)
    return "[]" not in path and kind in {"string", "messages"} and look != "terse"


def _hint(shape: Shape) -> str:
    fields = ", ".join(f"{name} ({kind})" for name, kind in shape.fields.items()) or "none"
    inside = [path for path, kind in shape.below.items() if _is_text_inside(shape, path, kind)]
    if inside:
        fields += f"; inside them: {', '.join(inside[:_MOST_NAMED])}"
    hint = f"name it with `--content FIELD`, or `'*'` for the whole row; fields: {fields}"
    if shape.nested:
        hint += f"; records may be nested: `--records PATH` with one of {', '.join(shape.nested)}"
    return hint
