"""Recognise Arrow streams before version 0.15, which begin with a length and no signature."""

from __future__ import annotations

import struct

_LONGEST = 1 << 24
_MOST_PADDING = 64
_SCHEMA = 1
_HEADER_TYPE = 1
"""Field number of the message type in `Message.fbs` of Arrow."""


def is_old_stream(head: bytes) -> bool:
    """Check whether bytes begin with a length and a flatbuffer that is a schema message.

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
        position = struct.unpack_from("<H", head, names + 4 + 2 * _HEADER_TYPE)[0]
        return bool(position > 0 and head[table + position] == _SCHEMA)
    except (struct.error, IndexError):
        return False
