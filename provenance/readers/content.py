"""Which fields of a file are its content, and which say what about a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provenance.errors import AmbiguousError, InputError, MisuseError, NotFoundError
from provenance.readers.base import Kind, Layout, Shape
from provenance.readers.paths import ABOVE

RESERVED = "prov_"
"""Prefix of the columns that an export adds; they are never content or evidence."""

_TEXTS = ("text", "content", "document", "body", "raw_content", "article", "passage")
_CHATS = ("messages", "conversations", "conversation")
_CONTEXT = ("system", "system_prompt", "context", "input")


@dataclass(frozen=True, slots=True)
class _Family:
    """Fields that are content together: the required ones, and those that join when present."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


_PAIRS = (
    _Family(("instruction", "output"), _CONTEXT),
    _Family(("instruction", "response"), _CONTEXT),
    _Family(("instruction", "generation"), _CONTEXT),
    _Family(("prompt", "completion"), _CONTEXT),
    _Family(("prompt", "response"), _CONTEXT),
    _Family(("question", "answer"), _CONTEXT),
    _Family(("question", "response"), _CONTEXT),
)
_PREFERENCES = (_Family(("chosen", "rejected"), ("system", "system_prompt", "prompt", "question")),)

_ABOUT = re.compile(
    r"(?:.*_)?(?:id|uuid|guid|url|uri|link|hash|digest|md5|sha1|sha256|date|time|timestamp|path"
    r"|file|filename|lang|language|licence|license|split|source|dataset|subset|domain|label"
    r"|category|type|kind|model|generator|author|created|added|version|dump|role|name|key|state|status)",
    re.IGNORECASE,
)
"""Names of fields that speak about a text instead of being one."""

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
"""Standard attributes to the fields that hold them, those that come first before the others."""


# Of rows that differ in kind, the kind of some may be hidden behind that of others.
_MAY_BE_PLAIN = {"string", "number", "messages", "null"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The content of a file, and the reason why it is taken for it."""

    kind: Kind
    content: tuple[str, ...]
    reason: str


def choose_content(shape: Shape, asked: Sequence[str], fmt: str) -> Choice:
    """Decide what the content is: what was asked for, what the format fixes, or a known name.

    Args:
        shape: what the first records look like.
        asked: the fields of ``--content``; empty when it was not given.
        fmt: name of the format, for messages.

    Raises:
        AmbiguousError: more than one field could be it.
        InputError: none could.
        NotFoundError: a field that was asked for is not in the file.
        MisuseError: a field that was asked for is one of ours, or ``*`` stands beside others.
    """
    if asked:
        return _asked(shape, tuple(dict.fromkeys(asked)))
    if shape.native:
        kind: Kind = "binary" if shape.native == ("payload",) else "text"
        return Choice(kind, shape.native, f"the content of a {fmt} record")
    found = _known(shape)
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join("+".join(choice.content) for choice in found)
        raise AmbiguousError(f"the content of the {fmt} file could be {names}", hint=_hint(shape))
    texts = [name for name in _own(shape, "string") if not _ABOUT.fullmatch(name)]
    if len(texts) == 1 and shape.nested:
        raise AmbiguousError(
            f"the content of the {fmt} file could be {texts[0]} or in nested records",
            hint=_hint(shape),
        )
    if len(texts) == 1:
        return Choice("text", (texts[0],), "the only field of text")
    if texts:
        raise AmbiguousError(
            f"the content of the {fmt} file could be {' or '.join(texts)}", hint=_hint(shape)
        )
    if len(shape.media) == 1:
        return Choice("binary", shape.media, "the only field of pictures, sounds or films")
    # Where the first records have nothing in the field, each is refused for that, by its row.
    empty = [name for name in _TEXTS if shape.fields.get(name) == "null"]
    if len(empty) == 1:
        return Choice("text", (empty[0],), f"its field is named {empty[0]}")
    raise InputError(f"no content field found in the {fmt} file", hint=_hint(shape))


def choose_fields(fields: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Standard attributes (``id``, ``lang``, …) to the fields that may hold them.

    The first of the fields that has a plain value in a row is the one that counts for that row.
    What a record does not say of itself its holders may say, the nearest first; but for its id.

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
    """What the paths of a record's own members begin with, of its holder's, and so on."""
    levels = [""]
    while fields.get(f"{levels[-1]}{ABOVE}") == "object":
        levels.append(f"{levels[-1]}{ABOVE}.")
    return levels


def no_content(layout: Layout, what: str) -> str:
    """Why a row is refused whose content columns hold nothing; ``what`` they are: null or empty."""
    if layout.content == ("*",):
        return "the record is empty"
    if len(layout.content) == 1:
        return f'field "{layout.content[0]}" is {what}'
    return f"the content fields are {what}"


def _asked(shape: Shape, asked: tuple[str, ...]) -> Choice:
    if "*" in asked:
        if len(asked) > 1:
            raise MisuseError("--content '*' is the whole row, other fields are in it already")
        return Choice("structured", asked, "asked for")
    for name in asked:
        if name.startswith(RESERVED):
            raise MisuseError(
                f"{name} is a column that an export adds, not content", hint="name another field"
            )
        if name not in shape.native and not _present(shape, name):
            raise NotFoundError(f"no field {name!r} in the file", hint=_hint(shape))
    if asked == ("payload",) and shape.native == asked:
        return Choice("binary", asked, "asked for")
    media = tuple(path for path in shape.media if asked in {(path,), (path.partition(".")[0],)})
    if media:
        return Choice("binary", media, "asked for")
    # Of a dotted name the kind is not known before it is read; one name is text then.
    text = len(asked) == 1 and shape.fields.get(asked[0], "string") in {"string", "null"}
    return Choice("text" if text else "structured", asked, "asked for")


def _present(shape: Shape, name: str) -> bool:
    return name in shape.fields or shape.fields.get(name.partition(".")[0]) == "object"


def _known(shape: Shape) -> list[Choice]:
    """Every family of known names that the fields match; related ones count as one."""
    texts = [
        Choice("text", (name,), f"its field is named {name}")
        for name in _TEXTS
        if shape.fields.get(name) == "string"
    ]
    chats = [
        Choice("structured", (name,), f"its field is named {name}")
        for name in _CHATS
        if shape.fields.get(name) in {"messages", "list"}
    ]
    pairs = _families(shape, _PAIRS)
    preferences = _families(shape, _PREFERENCES)
    # A preference repeats its chat, and a chat repeats its pair, in other words.
    return texts + (preferences or chats or pairs)


def _families(shape: Shape, families: Sequence[_Family]) -> list[Choice]:
    choices = []
    for family in families:
        if all(shape.fields.get(name, "null") != "null" for name in family.required):
            fields = {*family.required, *(n for n in family.optional if n in shape.fields)}
            content = tuple(name for name in shape.fields if name in fields)
            choices.append(
                Choice("structured", content, f"its fields are {' and '.join(family.required)}")
            )
    return choices


def _own(shape: Shape, kind: str) -> list[str]:
    return [
        name
        for name, found in shape.fields.items()
        if found == kind and not name.startswith(RESERVED)
    ]


def _hint(shape: Shape) -> str:
    fields = ", ".join(f"{name} ({kind})" for name, kind in shape.fields.items()) or "none"
    hint = f"name it with `--content FIELD`, or `'*'` for the whole row; fields: {fields}"
    if shape.nested:
        hint += f"; records may be nested: `--records PATH` with one of {', '.join(shape.nested)}"
    return hint
