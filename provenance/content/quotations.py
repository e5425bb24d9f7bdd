"""Find the text of a parent inside a field that quotes it, by the ids of the field's pieces."""

from __future__ import annotations

import re

from provenance.content.norm_rules import fold_text, hash_normalised, is_latin, open_html

TRIMMED = 10
"""Most pieces before and behind a quotation, taken together."""

SHORTEST = 40
"""Fewest bytes of normalised text of a quotation: short texts coincide."""

# Characters around a quotation or at the end of an instruction; norm-2 drops them all.
_BOUNDARY = re.compile("[\n:.!?;\"'`<>\\[\\](){}|#*\u00ab\u00bb\u2018\u2019\u201c\u201d\u201e]+")


def quoted_ids(text: str) -> list[bytes]:
    """Hash a text as a whole, and without some of its first and last pieces.

    A prompt made from a template is an instruction, the parent's text, and perhaps something more.
    Wherever the parent begins behind one of the first boundaries and ends before one of the last,
    its id is in the list; a quotation deep within a long text is not found.

    Returns:
        16 bytes each: the whole text first, then what was trimmed least.

    >>> essay = "I prefer to cook at home. It is cheaper, and it brings the family together."
    >>> bytes(quoted_ids("Polish this: " + essay)[1]) == quoted_ids(essay)[0]
    True
    """
    pieces = _pieces(text)
    found: dict[bytes, None] = {}
    for trimmed in range(min(TRIMMED, len(pieces) - 1) + 1):
        for front in range(trimmed + 1):
            kept = b"".join(pieces[front : len(pieces) - trimmed + front])
            if not trimmed or len(kept) >= SHORTEST:
                found[hash_normalised(kept)] = None
    return list(found)


def _pieces(text: str) -> list[bytes]:
    """Split a text into normalised pieces; join those too far from both ends to be trimmed."""
    plain = open_html(text)
    latin = is_latin(plain)
    pieces = [
        folded for piece in _BOUNDARY.split(plain) if (folded := fold_text(piece, latin=latin))
    ]
    if len(pieces) <= 2 * TRIMMED:
        return pieces
    return [*pieces[:TRIMMED], b"".join(pieces[TRIMMED:-TRIMMED]), *pieces[-TRIMMED:]]
