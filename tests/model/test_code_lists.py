"""Licences and languages of contracts: what is taken, what is refused, and what is said then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.datafiles import ingest, texts, write_jsonl

import provenance
from provenance.errors import MisuseError
from provenance.model.code_lists import check_language, check_licence
from provenance.model.source import Source


@pytest.mark.newest
@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "mit",
        "CC-BY-4.0",
        "GPL-2.0+",
        "MIT OR Apache-2.0",
        "mit and (apache-2.0 or LicenseRef-ours)",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-Proprietary",
        "DocumentRef-other:LicenseRef-theirs",
        "NOASSERTION",
        "none",
    ],
)
def test_an_expression_of_the_list(text: str) -> None:
    check_licence(text, "source `s`")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("proprietary", "`proprietary` is no licence of the SPDX list"),
        ("Apache 2.0", "`Apache` is no licence"),
        ("Classpath-exception-2.0", "is no licence"),
        ("MIT WITH Apache-2.0", "WITH is followed by an exception"),
        ("MIT WITH", "WITH is followed by an exception"),
        ("MIT OR", "a licence is missing"),
        ("", "a licence is missing"),
        ("(MIT", "a bracket is not closed"),
        ("MIT)", "`)` is one too many"),
        ("LicenseRef-", "is no licence"),
        ("(" * 5_000, "too long"),
    ],
)
def test_what_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(MisuseError, match=re.escape(why)) as refused:
        check_licence(text, "source `s`")
    assert "LicenseRef-" in refused.value.hint


def test_the_licence_that_was_meant_is_named() -> None:
    with pytest.raises(MisuseError) as refused:
        check_licence("MIT OR apache-2", "source `s`")
    assert "did you mean Apache-2.0?" in refused.value.hint


@pytest.mark.parametrize("tag", ["en", "no", "de-AT", "zh-Hant", "es-419", "gsw", "x-ours"])
def test_a_tag_is_a_language(tag: str) -> None:
    check_language(tag, "source `s`")


@pytest.mark.parametrize("tag", ["English", "en_US", "e", "", "deutsch", "en--US"])
def test_a_word_is_no_language(tag: str) -> None:
    with pytest.raises(MisuseError, match="is no language"):
        check_language(tag, "source `s`")


def test_contracts_are_checked_when_they_are_declared(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    with pytest.raises(MisuseError, match="source `s`: licence `free`"):
        ledger.source_set(Source(name="s", licence="free"))
    with pytest.raises(MisuseError, match="`English` is no language"):
        ledger.source_set(Source(name="s", languages=("en", "English")))
    assert ledger.sources() == []
    assert ledger.source_set(Source(name="s", licence="CC-BY-4.0", languages=("en",))) == ["s"]


@pytest.mark.slow
def test_the_language_of_a_record_is_kept_as_it_stands(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", texts("a", 1, lang="Old  English!")), "s")
    assert ledger.query("SELECT lang FROM records").column(0).to_pylist() == ["Old  English!"]
