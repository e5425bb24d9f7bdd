"""Ledgers that are written to at random, as ingests, models and releases would."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Any

import provenance
from provenance.ledger import Ledger
from provenance.lineage import node_id
from provenance.model.source import Source
from provenance.model.takedown import Selector, Takedown
from provenance.operations.derivation.propagate import propagate
from provenance.operations.ingest import IngestOptions
from provenance.operations.lineage_import.import_options import ImportOptions

_PROCESSES = ("rephrase", "clean", "edit", None)
_CLAIMS = ("human", "synthetic", "mixed", "question", None)
FIELDS = ("f", "g")
OBSERVERS = ("o", "p")


class World:
    """A ledger that is written to at random, as ingests, models and releases would."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.ledger: Ledger = provenance.init(str(folder / "ledger"))
        self.draw = random.Random(seed)
        self.ids = [uuid.UUID(int=self.draw.getrandbits(128)) for _ in range(14)]
        self.seen: list[uuid.UUID] = []
        self.number = 0
        # Some texts are copies of one another, and some records are pairs of such texts.
        self.texts = {record: self.draw.choice(self.ids[:9]) for record in self.ids}
        self.pairs = {
            record: self.draw.sample(self.ids[:9], 2) for record in self.draw.sample(self.ids, 4)
        }

    def ingest(self, uri: str | None = None) -> None:
        """One file: records, some of them known, with edges by id and by own id."""
        self.number += 1
        reading, commit = uuid.uuid4(), uuid.uuid4()
        tables: dict[str, list[dict[str, object]]] = {
            name: [] for name in ("sightings", "evidence", "edges", "parts")
        }
        for row, record in enumerate(self.draw.sample(self.ids, self.draw.randint(1, 4)), 1):
            self._record(tables, reading, row, record)
        file = {
            "reading_id": reading,
            "source": self.draw.choice("sst"),
            "uri": uri or f"f{self.draw.choice((self.number, self.number, 2))}",
            "kept": 1,
            "settings": IngestOptions(source="s").settings,
        }
        tables["files"] = [{**file, "replaced_by": self.draw.choice((None, None, "ann"))}]
        store = self.ledger.store
        parts = [store.rows(name, commit, rows) for name, rows in tables.items() if rows]
        store.commit("ingest", f"ingest:{commit}", parts, commit)

    def _record(
        self,
        tables: dict[str, list[dict[str, object]]],
        reading: uuid.UUID,
        row: int,
        record: uuid.UUID,
    ) -> None:
        self.seen.append(record)
        place = {"reading_id": reading, "row": row}
        kind = "structured" if record in self.pairs else "text"
        known = {"digest_rest": record, "norm_id": self.texts[record], "kind": kind}
        sizes = {"bytes": 99, "chars": 99, "words": 2, "norm_chars": 50}
        for part, text in enumerate(self.pairs.get(record, ())):
            about = {"part": f"p{part}", "model_side": part == 1, "norm_id": text}
            half = {"bytes": 49, "chars": 49, "words": 1, "norm_chars": 40}
            tables["parts"].append({**place, "record_id": record, **about, **half})
        own = {"external_id": f"e{self.draw.randint(0, 11)}"}
        tables["sightings"].append({**place, "record_id": record, **known, **sizes, **own})
        if (claim := self.draw.choice(_CLAIMS)) is not None:
            named = claim in {"synthetic", "mixed"}
            writer = self.draw.choice((None, "m")) if named else None
            said = {"tier": "tool", "claim": claim, "whole": True, "generator": writer}
            said |= {"observer": self.draw.choice(OBSERVERS), "field": self.draw.choice(FIELDS)}
            tables["evidence"].append({**place, "record_id": record, **said})
        for _ in range(self.draw.randint(0, 2)):
            how = {
                "relation": self.draw.choice(("derived", "derived", "context")),
                "process": self.draw.choice(_PROCESSES),
            }
            tables["edges"].append({**place, "child": record, **self._parent(), **how})

    def _parent(self) -> dict[str, object]:
        """A parent by its record id, by its own id, by its row, or a source or model for it."""
        chance = self.draw.random()
        if chance < 0.45:
            return {"parent": self.draw.choice(self.ids), "parent_kind": "record"}
        if chance < 0.8:
            reference = f"e{self.draw.randint(0, 14)}"
            source = self.draw.choice((None, None, "s", "t"))
            return {"parent_ref": reference, "parent_source": source, "parent_kind": "record"}
        if chance < 0.9:
            uri, row = f"f{self.draw.randint(1, 9)}", self.draw.randint(1, 4)
            return {"parent_ref": uri, "parent_row": row, "parent_kind": "record"}
        kind, name = self.draw.choice(
            (("source", "s"), ("source", "t"), ("source", "u"), ("model", "M"), ("model", "x"))
        )
        reference = f"{kind}:{name}"
        return {"parent": node_id(kind, name), "parent_ref": reference, "parent_kind": kind}

    def release(self) -> None:
        """Seal some of the records that were seen."""
        self.number += 1
        commit = uuid.uuid4()
        name = f"r{self.number}"
        members = [
            {"release": name, "record_id": record, "digest_rest": record}
            for record in dict.fromkeys(self.draw.choices(self.seen or self.ids, k=2))
        ]
        store = self.ledger.store
        parts = [
            store.rows("members", commit, members),
            store.rows("releases", commit, [{"name": name, "body_digest": "", "manifest": "{}"}]),
        ]
        store.commit("assemble", f"release:{name}", parts, commit)

    def model(self) -> None:
        """Say what the model was trained on."""
        self.number += 1
        trained = f"r{self.draw.randint(1, self.number + 1)}"
        self.ledger.store.record(
            "model", f"model:{self.number}", {"models": [{"name": "m", "trained_on": trained}]}
        )

    def activity(self) -> None:
        """Something that was done to records, by a model or by itself."""
        model = self.draw.choice((None, "m"))
        child, parent = (f"sha256:{draw.hex}{draw.hex}" for draw in self.draw.sample(self.ids, 2))
        name = self.draw.choice(("rephrase", "clean"))
        with self.ledger.activity(name, model=model) as running:
            running.derive(child, parent, relation=self.draw.choice(("derived", "context")))

    def imported(self) -> None:
        """Edges in a file of their own, which takes the place of an earlier one or does not."""
        path = self.folder / f"edges{self.draw.randint(0, 1)}.csv"
        ends = [f"e{self.draw.randint(0, 12)},e{self.draw.randint(0, 12)},s,s" for _ in range(2)]
        if self.draw.random() < 0.3:
            ends.append(f"source:{self.draw.choice('st')},source:{self.draw.choice('tu')},,")
        path.write_text("child,parent,child_source,parent_source\n" + "\n".join(ends) + "\n")
        options = ImportOptions()
        self.ledger.lineage_import([str(path)], options)

    def source(self) -> None:
        """A contract for a source that has no records."""
        label = self.draw.choice(("human", "synthetic", "unknown"))
        self.ledger.source_set(Source(name="u", label=label))

    def revoked(self) -> None:
        """A record taken out, or the last takedown undone."""
        known = self.ledger.query("SELECT revocation FROM revocations WHERE event = 'revoke'")
        if known.num_rows:
            self.ledger.restore(known.column("revocation")[0].as_py())
        else:
            digest = f"sha256:{self.draw.choice(self.seen).hex * 2}"
            named = Selector(kind="record", values=(digest,))
            self.ledger.revoke(Takedown(selectors=(named,)), "asked")

    def step(self) -> None:
        """Do one of these; mostly add."""
        ways = (
            *(self.ingest, self.release, self.model, self.activity, self.imported),
            *(self.source, self.revoked),
        )
        chosen = self.draw.choices((*ways, None), (55, 12, 6, 6, 6, 4, 4, 7))[0]
        chosen() if chosen else self.ingest(uri="f1")


def derived(ledger: Ledger) -> dict[Any, Any]:
    """What stands in ``derived``, but for releases that nothing was made of: nobody asks for it."""
    rows = ledger.query("SELECT * EXCLUDE (seq, recorded_at) FROM derived").to_pylist()
    unused = ledger.query(
        "SELECT name FROM releases ANTI JOIN models ON models.trained_on = releases.name"
    )
    ids = {str(node_id("release", name)) for name in unused.column("name").to_pylist()}
    return {key: row for row in rows if (key := str(row.pop("record_id"))) not in ids}


def run_anew(ledger: Ledger) -> None:
    """Work all of it out once more, as if nothing was kept."""
    ledger.store.record("test", f"test:{uuid.uuid4()}", {"models": [{"name": "another"}]})
    propagate(ledger.store)
