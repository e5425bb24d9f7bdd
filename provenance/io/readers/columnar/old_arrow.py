"""Arrow streams of before 0.15, which begin with no magic, but with the length of their schema."""

from __future__ import annotations

import struct

_LONGEST = 1 << 24
_MOST_PADDING = 64
_SCHEMA = 1
_HEADER_TYPE = 1
"""Which field of a message says what kind of one it is, as `Message.fbs` of Arrow numbers them."""


def is_old_stream(head: bytes) -> bool:
    """Whether bytes begin with a length and a flatbuffer whose root is the message of a schema.

    >>> is_old_stream(b"some text that is none")
    False
    """
    try:
        length, root = struct.unpack_from("<II", head)
        if not 0 < length <= _LONGEST or length % 4 or not 0 < root <= _MOST_PADDING:
            return False
        table = 4 + root
        names = table - struct.unpack_from("<i", head, table)[0]
        if not 0 < names < len(head) or struct.unpack_from("<H", head, names)[0] > _MOST_PADDING:
            return False
        place = struct.unpack_from("<H", head, names + 4 + 2 * _HEADER_TYPE)[0]
        return bool(place > 0 and head[table + place] == _SCHEMA)
    except (struct.error, IndexError):
        return False
