# ruff: noqa: RUF001 - lookalikes are what it is about
"""norm-2: one table for both ways, and texts in every dress that it promises to see through."""

from __future__ import annotations

import html
import itertools
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from support import norm_table

from provenance.content import folding, norm_rules
from provenance.content.norm_rules import fold_text, hash_normalised, normalise

FILE = Path(norm_rules.__file__).with_name("norm-2.txt")

EVERY = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]

# What is cut anywhere may still hold together, or just not.
PIECES = [
    *("&", "amp;", "&amp;", "&AMP;", "&#38;", "&#x26;", "&#0000038;", "&#00000038;", "lt;", "&gt;"),
    *("&lt;", "&#60;", "&#x3C;", "&nu;", "&Nu;", "&eacute;", "&nbsp;", "&nothing;", "&#;", "&#x;"),
    *("&#xD800;", "&#1114112;", "&CounterClockwiseContourIntegral;", f"&{'a' * 33};", "&1a;"),
    *("<", "</", ">", "<p>", "<b ", "</1>", "<!--", "-->", "<?", "?>", "a", "Z9", "I1l", "O0"),
    *("\u0391\u039d", "\u03b7\u03bd", "\u0411", "\u0431", "e\u0301", "\ud55c\uae00", "\u3300"),
    *("\ufdfa", "\u2019", "\u00a0", "\u200b", "\U0001d40c", "\uff21", "\u00df", "\U0010ffff"),
]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=25).map("".join)


def compiled(texts: list[str]) -> list[bytes]:
    """What the compiled pass makes of texts."""
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    found = folding.fold(memoryview(b"".join(encoded)), offsets)
    if found is None:
        pytest.skip("the compiled loop is not here: there was no C compiler at installation")
    starts = [0, *found.ends.tolist()]
    return [bytes(found.data[a:b]) for a, b in itertools.pairwise(starts)]


@pytest.mark.slow
@pytest.mark.skipif(
    unicodedata.unidata_version != norm_table.UNICODE,
    reason="this Python knows another version of Unicode than the table is made of",
)
def test_the_table_is_what_would_be_made_today(*, update: bool) -> None:
    text = norm_table.table_text()
    if update:
        FILE.write_text(text, encoding="ascii")
    assert FILE.read_text(encoding="ascii") == text


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_the_compiled_pass_equals_the_plain_one(texts: list[str]) -> None:
    assert compiled(texts) == [normalise(text.encode()) for text in texts]


@pytest.mark.slow
def test_both_ways_fold_every_code_point_alike_and_folding_again_changes_nothing() -> None:
    folded = [fold_text(char) for char in EVERY]
    assert compiled(EVERY) == [
        normalise(c.encode()) if c in "<&" else b for c, b in zip(EVERY, folded, strict=True)
    ]
    again = [fold_text(text.decode()) for text in folded]
    assert again == folded


def test_what_the_compiled_pass_drops_unasked_is_dropped_by_the_table() -> None:
    for code in (*range(0x2000, 0x2040), 0xA0):
        assert fold_text(chr(code)) == b""


def test_ascii_is_folded_as_the_table_says() -> None:
    plain = bytes(range(128)).replace(b"&", b"").replace(b"<", b"")
    assert normalise(plain) == fold_text(plain.decode())


@given(st.text(max_size=60))
def test_case_and_composition_make_no_difference(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise(unicodedata.normalize(form, text).encode()) == normalise(text.encode())
    if not norm_rules.is_latin(text) and not norm_rules.is_latin(text.casefold()):
        assert normalise(text.casefold().encode()) == normalise(text.encode())


@given(TEXTS)
def test_escaping_for_html_makes_no_difference(text: str) -> None:
    once = html.escape(text)
    assert normalise(html.escape(once).encode()) == normalise(once.encode())
    if "&" not in text:
        assert normalise(once.encode()) == normalise(text.encode())
        wrapped = f'<div class="x">\n<p>{once}</p></div>'
        assert normalise(wrapped.encode()) == normalise(text.encode())


SENTENCE = "Call me Ishmael. Some years ago, never mind how long precisely, I had no money."

LOOKALIKES = {
    "Cyrillic": ("aceopxyi" + "ABCEHKMOPTX", "асеорхуі" + "АВСЕНКМОРТХ"),
    "Greek": ("ovia" + "ABEHIKMNOPTXYZ", "ονια" + "ΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"),
    "small capitals": ("aeilmnorst", "ᴀᴇɪʟᴍɴᴏʀꜱᴛ"),
    "digits": ("loI", "10l"),
    "negative circled": ("CSI", "🅒🅢🅘"),
}


@pytest.mark.parametrize("script", LOOKALIKES)
def test_lookalikes_of_latin_letters_are_those_letters(script: str) -> None:
    dressed = SENTENCE.translate(str.maketrans(*LOOKALIKES[script]))
    assert dressed != SENTENCE
    assert normalise(dressed.encode()) == normalise(SENTENCE.encode())


@pytest.mark.parametrize(
    "text",
    [
        "Ένας άνθρωπος νύχτα στην αυλή με ηρεμία",
        "Съешь же ещё этих мягких французских булок",
        "Größe der Straße, schöne Füße",
        "Ünlü İstanbul",
    ],
)
def test_other_alphabets_keep_their_own_case(text: str) -> None:
    assert normalise(text.upper().encode()) == normalise(text.lower().encode())


def test_different_texts_stay_different() -> None:
    assert normalise(b"version 10 of 2") != normalise(b"version 12 of 2")
    assert normalise("наука".encode()) != normalise("наумa".encode())
    assert len({normalise(chr(code).encode()) for code in range(ord("a"), ord("z") + 1)}) == 25


def test_ids_of_two_rules_never_meet() -> None:
    assert hash_normalised(b"sometext", "norm-2") != hash_normalised(b"sometext", "norm-1")


def test_many_references_take_no_longer_than_few() -> None:
    text = "&" + "amp;" * 200_000 + "lt;b>" + "<a " * 200_000 + "&" * 200_000
    assert normalise(text.encode()) == compiled([text])[0] == b"a" * 200_000
