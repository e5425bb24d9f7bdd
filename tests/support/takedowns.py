"""A ledger with an author to take down, and what is left to read of one in a ledger's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.model.takedown import Kind, Selector, Takedown

JO = "Jo Quimby"
OTHER = "Al Other"

ANYTHING = policy(cap("1"))


def selector(kind: Kind, *values: str) -> Selector:
    """A selector of records, sources, files or own ids."""
    return Selector(kind=kind, values=values)


def attribute(name: str, *values: str) -> Selector:
    """A selector of an attribute."""
    return Selector(kind="attribute", name=name, values=values)


def asked(*selectors: Selector, **members: Any) -> Takedown:
    """A takedown of these selectors."""
    return Takedown(selectors=selectors, **members)


BY_JO = asked(attribute("author", JO))


def library(folder: Path, count: int = 20) -> Ledger:
    """Texts of two authors, texts that were made from them, and the release ``r1`` of it all.

    Of ``jo-no-3`` a machine made ``m1``, and of that ``m2``; a person replied to ``jo-no-4`` with
    ``h1``, and a machine with ``m3``. Own ids are too long to stand in a file by chance.
    """
    ledger = provenance.init(str(folder / "ledger"))
    ledger.source_set(Source(name="jo", accepts=("generic-field", "synthetic")))
    jo = texts("jo-no-", count, author=JO, url="https://Blog.Quimby.example:8080/a?b")
    other = texts("al", count, author=OTHER, url="https://example.org/jo")
    for name, rows in (("jo", jo), ("al", other)):
        path = write_jsonl(folder / f"{name}.jsonl", rows)
        ingest(ledger, path, name, attributes={"author": "author"}, label="human")
    made = [
        {"id": "m1", "text": "a machine says again what jo-no-3 said", "from": "jo-no-3"},
        {"id": "m2", "text": "a machine says again what m1 said", "from": "m1"},
    ]
    said = [
        {"id": "h1", "text": "a person replies to jo-no-4", "to": "jo-no-4", "synthetic": False},
        {"id": "m3", "text": "a machine replies to jo-no-4", "to": "jo-no-4", "model": "gpt-4"},
    ]
    path = write_jsonl(folder / "made.jsonl", made)
    ingest(ledger, path, "jo", parent_field="from", process="rephrase")
    path = write_jsonl(folder / "said.jsonl", said)
    ingest(ledger, path, "jo", parent_field="to", relation="context")
    assert ledger.assemble("r1", ANYTHING, Selection()).sealed
    return ledger


def readable(folder: Path) -> str:
    """All that can be read below a folder: the bytes as they are, and Parquet files unpacked."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        found.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            found.append(str(pq.read_table(path).to_pylist()))
            found.append(str(pq.read_metadata(path).to_dict()))
    return "\n".join(found)
