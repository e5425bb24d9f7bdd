"""Define the tables of a ledger: append-only, every row with the id of its commit."""

from __future__ import annotations

import pyarrow as pa

from provenance.model.base import quote_identifier

SCHEMA_VERSION = 3
"""Version of the tables below and of the views over them."""

UUID = pa.uuid()
_STR, _INT, _SMALL, _BOOL = pa.string(), pa.int64(), pa.int32(), pa.bool_()
_TIME = pa.timestamp("us", tz="UTC")


def _table(*columns: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field("commit_id", UUID), *(pa.field(n, t) for n, t in columns)])


_EDGES = _table(
    ("key", _INT),  # the first 60 bits of the id that it is sorted by
    ("child", UUID),
    ("parent", UUID),
    ("relation", _STR),
    ("process", _STR),
    ("activity", _STR),
    ("found", _BOOL),  # whether an end of it had to be looked for
    ("way", _SMALL),  # tells the makings of one text apart; 0 where nobody does
    ("choice", _SMALL),  # the same for edges of one way to parents one of which is the true one
)

TABLES: dict[str, pa.Schema] = {
    # Schema versions that the ledger went through; the highest is its own.
    "versions": _table(("version", _INT), ("migration", _STR)),
    # One row per piece of work. `key` makes a repetition recognisable; `seq` orders everything.
    "commits": _table(
        ("key", _STR),
        ("seq", _INT),
        ("verb", _STR),
        ("recorded_at", _TIME),
        ("tool_version", _STR),
        ("parts", _STR),  # JSON: table, path, rows, bytes, sha256 of every part of this commit
    ),
    "sources": _table(
        ("name", _STR),
        ("contract", _STR),  # JSON of model.source.Source
        ("kind", _STR),
        ("label", _STR),
        ("process", _STR),
        ("generator", _STR),
        ("generator_family", _STR),
        ("declared_by", _STR),
        ("licence", _STR),
        ("url", _STR),
        ("accepts", _STR),  # JSON list: recognisers and fields whose word for "human" counts
        ("ignores", _STR),  # JSON list: fields that look like marks and are none
    ),
    # Readings: (source, uri, fingerprint, settings). The newest of a (source, uri) is current.
    "files": _table(
        ("reading_id", UUID),
        ("source", _STR),
        ("uri", _STR),
        ("fingerprint", _STR),
        ("bytes", _INT),
        ("mtime_ns", _INT),
        ("format", _STR),
        ("settings", _STR),  # JSON of the reader settings
        ("content", _STR),  # JSON list of the content fields
        ("attributes", _STR),  # JSON list of the names of the attributes kept
        ("split", _STR),
        ("read", _INT),
        ("kept", _INT),
        ("rejected", _INT),
        ("quarantine", _STR),
        ("norm", _STR),  # rule of the norm_ids of this reading; null: norm-1
        ("replaced_by", _STR),  # who accepted that evidence of earlier readings is gone; else null
        ("canon", _STR),  # rule of the canonical form of structured records; null: json-1
    ),
    # What was said of a whole reading on the command line.
    "declarations": _table(
        ("reading_id", UUID),
        ("label", _STR),
        ("process", _STR),
        ("generator", _STR),
        ("declared_by", _STR),
        ("generator_family", _STR),
        ("ignores", _STR),  # JSON list, added to what the source's contract ignores
    ),
    "sightings": _table(
        ("reading_id", UUID),
        ("row", _INT),
        ("record_id", UUID),
        ("digest_rest", UUID),
        ("norm_id", UUID),
        ("kind", _STR),
        ("bytes", _INT),
        ("chars", _INT),
        ("words", _INT),
        ("external_id", _STR),
        ("lang", _STR),
        ("attributes", _STR),  # JSON object of text values
        ("norm_chars", _INT),  # characters of the normalised text
        ("former_id", UUID),  # the digest under the rule json-1, where it is another; else null
        ("former_rest", UUID),
    ),
    # The texts that a chat, pair or other structured record is made of.
    "parts": _table(
        ("reading_id", UUID),
        ("row", _INT),
        ("record_id", UUID),
        ("part", _STR),  # where it stands: `output`, `messages[1]`
        ("role", _STR),  # who speaks as the file has it (`assistant`, `user`, …), or null
        ("model_side", _BOOL),  # whether a generator that is named for the record speaks here
        ("bytes", _INT),
        ("chars", _INT),
        ("words", _INT),
        ("norm_id", UUID),
        ("norm_chars", _INT),
    ),
    # One row per statement about one record. `reading_id` and `row` are null for reviews.
    "evidence": _table(
        ("reading_id", UUID),
        ("row", _INT),
        ("record_id", UUID),
        ("tier", _STR),
        ("claim", _STR),
        ("whole", _BOOL),
        ("part_bytes", _INT),
        ("part_chars", _INT),
        ("part_words", _INT),
        ("process", _STR),
        ("generator", _STR),
        ("generator_family", _STR),
        ("observer", _STR),
        ("basis", _STR),
        ("field", _STR),  # the field of the file that says so, with dots; null for other evidence
    ),
    "edges": _table(
        ("reading_id", UUID),
        ("row", _INT),
        ("child", UUID),  # null where it is named by a reference, as is the parent
        ("child_ref", _STR),
        ("child_source", _STR),
        ("parent", UUID),
        ("parent_ref", _STR),
        ("parent_source", _STR),  # source whose external ids the reference is one of
        ("parent_row", _INT),  # row of the file that the reference names
        ("parent_kind", _STR),
        ("relation", _STR),
        ("process", _STR),
        ("activity", _STR),
    ),
    # Pieces of a field that quotes a parent; one of them may be the whole text of a record.
    "quotes": _table(
        ("reading_id", UUID),
        ("row", _INT),
        ("child", UUID),
        ("norm_id", UUID),
        ("relation", _STR),
        ("process", _STR),
    ),
    # Files of lineage that others wrote; the newest of a uri is current.
    "imports": _table(
        ("reading_id", UUID),
        ("uri", _STR),
        ("fingerprint", _STR),
        ("bytes", _INT),
        ("format", _STR),
        ("settings", _STR),  # JSON of the options
        ("read", _INT),
        ("kept", _INT),
        ("rejected", _INT),
        ("counts", _STR),  # JSON: statements or events by kind
        ("quarantine", _STR),
    ),
    # What imported documents say of things, records among them; it is no evidence of origin.
    "imported_nodes": _table(
        ("reading_id", UUID),
        ("id", UUID),
        ("kind", _STR),
        ("name", _STR),  # `sha256:…` for a record
        ("said", _STR),  # JSON
    ),
    # What lineage proves of a record, and its depth; the newest row of a record is current.
    "derived": _table(
        ("record_id", UUID),
        ("depth", _INT),
        ("claim", _STR),
        ("process", _STR),
        ("parent", UUID),  # the least of the parents that prove it, and what it was then
        ("parent_kind", _STR),
        ("parent_label", _STR),
        ("several", _BOOL),  # whether there are others
        ("parent_name", _STR),  # what that parent is called, where it is no record
        ("generator", _STR),  # the model that the record came of, the first by name
        ("generator_family", _STR),
    ),
    # What was concluded of each record from all commits up to the one in the key of its own commit,
    # `origins:<seq>`. It is worked out of the rest, so that nothing is lost with it.
    "origins": _table(
        ("record_id", UUID),
        ("bytes", _INT),
        ("chars", _INT),
        ("words", _INT),
        ("label", _STR),
        ("rule", _STR),
        ("lo_records", _INT),
        ("hi_records", _INT),
        ("lo_bytes", _INT),
        ("hi_bytes", _INT),
        ("lo_chars", _INT),
        ("hi_chars", _INT),
        ("lo_words", _INT),
        ("hi_words", _INT),
        ("process", _STR),
        ("generator", _STR),
        ("generator_family", _STR),
        ("conflict", _BOOL),
        ("depth", _INT),
        ("tier", _STR),  # of the claims that the rule rests on
    ),
    # What each run of the propagation had before it: all commits up to a number. The edges that it
    # resolved are added to those of the runs before, or, where it is a base, take their place.
    "propagations": _table(("through", _INT), ("base", _BOOL)),
    # Resolved edges by child, and once more by parent: each part is sorted. What is worked out of
    # edges can be had without them, so that nothing is lost with them.
    "edges_up": _EDGES,
    "edges_down": _EDGES,
    "activities": _table(
        ("activity", _STR),
        ("kind", _STR),
        ("name", _STR),
        ("agent", _STR),
        ("started_at", _TIME),
        ("ended_at", _TIME),
        ("detail", _STR),
    ),
    "models": _table(
        ("name", _STR),
        ("family", _STR),
        ("provider", _STR),
        ("version", _STR),
        ("trained_on", _STR),
    ),
    # Takedowns and what became of them: the latest event of a revocation decides.
    "revocations": _table(
        ("revocation", _STR),
        ("event", _STR),  # revoke, restore, purge
        ("takedown", _STR),  # JSON of model.takedown.Takedown
        ("reason", _STR),
        ("requested_by", _STR),
        ("receipt", _STR),  # JSON of model.takedown.Receipt
    ),
    # Records that a revocation hit: named by it, or derived from one that is.
    "revoked": _table(
        ("revocation", _STR),
        ("record_id", UUID),
        ("digest_rest", UUID),
        ("hops", _INT),  # 0 where the selector names the record itself
    ),
    # Content that must not come back, by its digest.
    "tombstones": _table(
        ("revocation", _STR),
        ("record_id", UUID),
        ("digest_rest", UUID),
        ("norm_id", UUID),  # by the newest rule; null where the text is too short to be known by it
    ),
    "releases": _table(("name", _STR), ("body_digest", _STR), ("manifest", _STR)),
    "members": _table(
        ("release", _STR),
        ("record_id", UUID),
        ("digest_rest", UUID),
        ("source", _STR),
        ("uri", _STR),
        ("row", _INT),
        ("bytes", _INT),
        ("chars", _INT),
        ("words", _INT),
        ("tokens", _INT),
        ("label", _STR),
        ("lo_bytes", _INT),
        ("hi_bytes", _INT),
        ("lo_chars", _INT),
        ("hi_chars", _INT),
        ("lo_words", _INT),
        ("hi_words", _INT),
        ("process", _STR),
        ("generator", _STR),
        ("generator_family", _STR),
        ("depth", _INT),
        ("lang", _STR),
        ("split", _STR),
        ("licence", _STR),
        ("source_kind", _STR),
        ("kind", _STR),
        ("conflict", _BOOL),
        ("weight", _INT),
        ("attributes", _STR),
        ("rule", _STR),
        ("tier", _STR),
    ),
}

_SQL_TYPES = {
    pa.uuid(): "UUID",
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}


def columns_sql(table: str) -> str:
    """The columns of a table as SQL, to stand in brackets behind CREATE TABLE."""
    return ", ".join(f"{quote_identifier(f.name)} {_SQL_TYPES[f.type]}" for f in TABLES[table])


def column_sql(table: str, column: str) -> str:
    """One column of a table as SQL, to stand behind ALTER TABLE … ADD COLUMN."""
    return f"{quote_identifier(column)} {_SQL_TYPES[TABLES[table].field(column).type]}"
