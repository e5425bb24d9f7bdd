"""Compute the identity of content: canonical JSON, digests, record ids and file fingerprints.

All functions are pure and work on bytes; ``norm_rules`` has the normalised ids.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

import rfc8785

from provenance.content.json_writer import sorted_json

MAX_SAFE_INTEGER = 2**53
"""RFC 8785 numbers are IEEE doubles: integers beyond this cannot be written exactly."""


class CanonicalError(ValueError):
    """A value has no canonical form; the message is the reason of a reject."""


def digest(content: bytes | memoryview) -> bytes:
    """Return the SHA-256 of canonical bytes, which is sealed, signed and published.

    >>> digest(b"hello\\n").hex()
    '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
    """
    return hashlib.sha256(content).digest()


def record_id(full: bytes) -> uuid.UUID:
    """Return the first 128 bits of a digest as the UUID that tables join on.

    >>> record_id(digest(b"hello\\n"))
    UUID('5891b5b5-22d5-df08-6d0f-f0b110fbd9d2')
    """
    return uuid.UUID(bytes=full[:16])


def write_digest(full: bytes) -> str:
    """Write a digest in hex with the name of its algorithm.

    >>> write_digest(digest(b""))[:20]
    'sha256:e3b0c44298fc1'
    """
    return f"sha256:{full.hex()}"


def write_fingerprint(state: bytes) -> str:
    """Write a file fingerprint (XXH3-128 of its bytes) in hex with the name of its algorithm.

    >>> import xxhash
    >>> write_fingerprint(xxhash.xxh3_128_digest(b""))
    'xxh3:99aa06d3014798d86001c324468d497f'
    """
    return f"xxh3:{state.hex()}"


RULES = ("json-1", "json-2")
"""Versions of the canonical form of structured records, the newest last. // ``json-1`` leaves null
members out; ``json-2`` also empty strings, and objects in which nothing is left. A record that
was sealed under a version keeps it for ever.
"""

FIRST_RULE, RULE = RULES


def canonical_json(value: Mapping[str, Any], rule: str = RULE) -> bytes:
    """Return the RFC 8785 bytes of an object without its empty members, at every level.

    Table writers fill missing values with null or an empty string, and the same chat must keep its
    id; hence such a member is left out, and so is an object that has no others. Elements of an
    array stay, since a position has a meaning, and so does an empty array.

    Args:
        rule: one of ``RULES``.

    Raises:
        CanonicalError: an integer beyond 2^53, NaN or infinity, or a lone surrogate.

    >>> canonical_json({"b": 1, "a": {"x": None, "y": [None, 1.0, ""]}, "c": "", "d": {"e": None}})
    b'{"a":{"y":[null,1,""]},"b":1}'
    >>> canonical_json({"c": "", "d": {"e": None}}, "json-1")
    b'{"c":"","d":{}}'
    """
    return _written(_without_nothing(value) if rule == RULE else _without_nulls(value))


def canonical_forms(value: Mapping[str, Any]) -> tuple[bytes, bytes | None]:
    """Return the canonical form of the newest version, and of the first where it differs.

    Raises:
        CanonicalError: as ``canonical_json``.

    >>> canonical_forms({"a": ""}), canonical_forms({"a": None})
    ((b'{}', b'{"a":""}'), (b'{}', None))
    """
    first = _written(_without_nulls(value))
    # Quotes within strings are escaped, so that such a member shows in the bytes. A text that
    # happens to hold the second of these costs a closer look, and nothing else.
    if b':""' not in first and b":{}" not in first:
        return first, None
    newest = _written(_without_nothing(value))
    return newest, None if newest == first else first


def _written(pruned: Any) -> bytes:
    try:
        if _plain(pruned):
            # The standard encoder writes the very same bytes for these types, ten times faster
            # (tests/content/test_canonical.py holds the two together).
            return sorted_json(pruned).encode("utf-8")
        return rfc8785.dumps(pruned)
    except rfc8785.IntegerDomainError as error:
        raise CanonicalError("integer beyond 2^53 in a content field") from error
    except rfc8785.FloatDomainError as error:
        raise CanonicalError("NaN or infinity in a content field") from error
    except (UnicodeEncodeError, rfc8785.CanonicalizationError) as error:
        raise CanonicalError("lone surrogate in a content field") from error


def _without_nulls(value: Any) -> Any:
    # Most members are texts: a call for each would cost more than all else here.
    if isinstance(value, dict):
        return {
            key: item if type(item) is str else _without_nulls(item)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [item if type(item) is str else _without_nulls(item) for item in value]
    return value


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        left = {}
        for key, item in value.items():
            if type(item) is str:
                if item:
                    left[key] = item
            elif item is not None:
                inner = _without_nothing(item)
                if inner or type(inner) is not dict:
                    left[key] = inner
        return left
    if isinstance(value, list):
        return [item if type(item) is str else _without_nothing(item) for item in value]
    return value


def _plain(value: Any) -> bool:
    """Whether the standard encoder gives RFC 8785 bytes: no floats, big integers, astral keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not (key.isascii() or max(key) < "\ud800"):
                return False
            if type(item) is not str and not _plain(item):
                return False
        return True
    if isinstance(value, list):
        return all(type(item) is str or _plain(item) for item in value)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return True
    return isinstance(value, int) and -MAX_SAFE_INTEGER < value < MAX_SAFE_INTEGER


def text_parts(value: Any) -> list[str]:
    """Collect the strings of a structured record that count as its text, in document order.

    Object keys and the values of short control fields are structure: of a chat turn only the
    content counts. A record without any other string counts all of its strings.

    >>> text_parts({"messages": [{"role": "user", "content": "Hi"}]})
    ['Hi']
    """
    spoken = list(_strings(value, skip_control=True))
    return spoken or list(_strings(value, skip_control=False))


CONTROL_KEYS = frozenset({"role", "from", "type", "name", "id", "tool_call_id", "language", "lang"})
"""Members of a turn that state its speaker or kind of part, not its content."""

TURN_METADATA = frozenset(
    {"timestamp", "hashed_ip", "header", "country", "state", "turn_identifier", "created_at"}
)
"""Members that chat logs add to a turn."""

MEDIA_KEYS = frozenset(
    {"image", "images", "image_url", "audio", "audios", "audio_url", "input_audio"}
    | {"input_image", "video", "videos", "video_url"}
)
"""Members that hold pictures, sounds or their addresses; also values of ``type`` of such parts."""

_PAYLOAD = frozenset({"source", "data", "url", "file", "file_id", "path", "base64", "detail"})


def text_members(value: Mapping[str, Any]) -> list[tuple[str, Any, bool]]:
    """List the members of an object that may hold text, and whether control keys apply inside.

    All strings in the arguments of a tool call were written by the model, whatever their names.

    >>> text_members({"type": "function", "arguments": {"name": "Ada"}})
    [('arguments', {'name': 'Ada'}, False)]
    """
    if len(value) == 2 and "content" in value and isinstance(value.get("role"), str):
        return [("content", value["content"], True)]  # as most are
    kind = value.get("type")
    part = isinstance(kind, str) and kind in MEDIA_KEYS
    turn = "role" in value or "from" in value
    return [
        (key, item, not (key == "arguments" or (key == "input" and kind == "tool_use")))
        for key, item in value.items()
        if not (
            (key in CONTROL_KEYS and isinstance(item, str))
            or key in MEDIA_KEYS
            or (turn and key in TURN_METADATA)
            or (part and key in _PAYLOAD)
        )
    ]


def _strings(value: Any, *, skip_control: bool) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        if skip_control:
            for _, item, inside in text_members(value):
                yield from _strings(item, skip_control=inside)
        else:
            for item in value.values():
                yield from _strings(item, skip_control=False)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, skip_control=skip_control)
