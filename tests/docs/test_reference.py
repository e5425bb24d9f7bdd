"""The glossary, the API reference and what documents say of make are as the documents promise."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import provenance

ROOT = Path(__file__).resolve().parents[2]


def test_every_make_target_that_is_told_of_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / ".ci" / "run"]
    texts += (ROOT / ".github").rglob("*.md")
    mention = re.compile(r"(?:^|`)make ((?:[a-z-]+ ?)+)", re.MULTILINE)
    named = {
        target
        for text in texts
        for line in mention.findall(text.read_text("utf-8"))
        for target in line.split()
    }
    assert named >= {"test", "lint", "site", "changelog"}
    assert named <= targets


def public() -> Iterator[tuple[str, object]]:
    """The package, its public names and the members of those, by their full names."""
    yield "provenance", provenance
    for name in provenance.__all__:
        thing = getattr(provenance, name)
        yield f"provenance.{name}", thing
        if inspect.isclass(thing):
            yield from ((f"provenance.{name}.{key}", value) for key, value in vars(thing).items())


def _has_own_text(thing: object) -> bool:
    """Whether a thing has a docstring of its own, and not that of its type."""
    return inspect.getdoc(thing) != inspect.getdoc(type(thing))


def test_examples_of_the_api_stand_where_the_site_finds_them() -> None:
    documented = (name_and_thing for name_and_thing in public() if _has_own_text(name_and_thing[1]))
    docs = {name: inspect.getdoc(thing) or "" for name, thing in documented}
    examples = {name: doc for name, doc in docs.items() if ">>>" in doc}
    assert "provenance" in examples
    found = re.compile(r"^Examples:\n +>>>", re.MULTILINE)
    assert not {name for name, doc in examples.items() if not found.search(doc)}


def glossary() -> list[tuple[str, str]]:
    """Each term of the glossary with its text."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    _, *entries = re.split(r"^## ", text, flags=re.MULTILINE)
    terms = [entry.partition("\n\n") for entry in entries]
    return [(term, meaning.strip()) for term, _, meaning in terms]


def test_the_glossary_is_in_order_with_one_entry_for_each_term() -> None:
    keys = [re.sub(r"[^a-z]", "", term.lower()) for term, _ in glossary()]
    assert keys == sorted(set(keys))


def test_each_term_is_told_in_one_or_two_sentences() -> None:
    lengths = {
        term: len(re.findall(r"[.](?=\s|$)", re.sub(r"See\s+\[.*", "", meaning, flags=re.DOTALL)))
        for term, meaning in glossary()
    }
    assert not {term: length for term, length in lengths.items() if not 1 <= length <= 2}
