"""Read and write the text of exchanged files: strict JSON, shortened names, characters of XML."""

from __future__ import annotations

import json
import re
from typing import Any

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def shorten(text: str, longest: int) -> str:
    """Leave out the middle of a text that is too long: ids differ at either end.

    >>> shorten("record:sha256:0123456789abcdef", 16)
    'record:s…9abcdef'
    """
    if len(text) <= longest:
        return text
    head = longest // 2
    return f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"


def read_json(text: str) -> Any:
    """Read a JSON value by RFC 8259, without NaN, Infinity and lone surrogates.

    Raises:
        ValueError: with the reason; nesting that is too deep is one.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("a lone surrogate is not text") from error
    return value


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def write_json(value: Any) -> str:
    """Write compact JSON with sorted keys, so that equal values give equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
