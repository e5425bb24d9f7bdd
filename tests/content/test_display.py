"""Nothing that data says moves a cursor, hides itself or turns a line around."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from provenance.content.display import LONGEST, shown, visible

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_what_is_shown_is_printable(text: str) -> None:
    seen = visible(text)
    assert seen.isprintable()
    assert not {unicodedata.category(c) for c in seen} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    seen.encode("utf-8")


@given(any_text)
def test_showing_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "text", ["plain", "日本語", "naïve café", "ελληνικά", "עברית", "🙂", "C:\\new"]
)
def test_letters_of_every_script_stay(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u202eabc\u202c", "\\u202eabc\\u202c"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\tb\r\n", "a\\tb\\r\\n"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


@given(any_text)
def test_long_texts_are_cut_with_their_length(text: str) -> None:
    assert shown(text) == visible(text)
    long = text + "y" * LONGEST + "z"
    assert shown(long).endswith(f"({len(long):,} characters)")
