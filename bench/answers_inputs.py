"""The small files that ``same_answers.py`` has the program read; the same bytes at every call."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import zstandard
from pyarrow import csv, feather, orc, parquet

CHANGED = 1_700_000_000  # seconds, when every file was last changed
WORDS = ["river", "mill", "harbour", "lantern", "orchard", "winter"]
WORDS += ["letter", "bridge", "market", "kettle", "gravel", "thunder"]


def text(name: str, number: int, words: int = 24) -> str:
    """A sentence of its own; no two names and numbers have the same."""
    chosen = (WORDS[(number * 7 + step * 5 + len(name)) % len(WORDS)] for step in range(words))
    return f"{name} {number}: {' '.join(chosen)}."


def rows(name: str, count: int, **members: Any) -> list[dict[str, Any]]:
    """Records with an id, a text, and what else is given."""
    return [
        {"id": f"{name}-{number}", "text": text(name, number), **members} for number in range(count)
    ]


def save(path: Path, content: bytes | str) -> Path:
    """A file with its folder; its time of change is fixed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (CHANGED, CHANGED))
    return path


def lines(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """JSON lines."""
    return save(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records))


def formats(folder: Path) -> None:
    """A file of each format, five records each, in ``folder``; what packs files in ``packed``."""
    lines(folder / "a.jsonl", rows("jsonl", 5, lang="en", author="Ann"))
    save(folder / "b.json", json.dumps(rows("array", 5, lang="de")))
    save(folder / "nested.json", json.dumps({"data": {"items": rows("nested", 5)}}))
    for suffix, delimiter in (("csv", ","), ("tsv", "\t")):
        cells = "".join(f"{row['id']}{delimiter}{row['text']}\n" for row in rows(suffix, 5))
        save(folder / f"c.{suffix}", f"id{delimiter}text\n{cells}")
    _columns(folder)
    _databases(folder)
    save(folder / "t" / "one.txt", text("plain", 1, 60))
    save(folder / "t" / "two.md", f"# Two\n\n{text('markdown', 2, 60)}\n")
    save(
        folder / "page.html", f"<html><body><h1>Page</h1><p>{text('page', 1, 60)}</p></body></html>"
    )
    save(folder / "dot.png", _picture())
    save(folder / "w.warc", _warc(3))
    _packed(folder)
    _marked(folder)


def _columns(folder: Path) -> None:
    for suffix in ("parquet", "arrow", "feather", "orc"):
        table = pa.Table.from_pylist(rows(suffix, 5, lang="en"))
        written = io.BytesIO()
        if suffix == "parquet":
            parquet.write_table(table, written)
        elif suffix == "orc":
            orc.write_table(table, written)
        elif suffix == "feather":
            feather.write_feather(table, written)
        else:
            with pa.ipc.new_file(written, table.schema) as writer:
                writer.write_table(table)
        save(folder / f"d.{suffix}", written.getvalue())
    written = io.BytesIO()
    csv.write_csv(pa.Table.from_pylist(rows("quoted", 5)), written)
    save(folder / "quoted.csv", written.getvalue())
    schema = {
        "type": "record",
        "name": "Row",
        "fields": [{"name": n, "type": "string"} for n in ("id", "text")],
    }
    written = io.BytesIO()
    fastavro.writer(written, schema, rows("avro", 5), sync_marker=bytes(16))
    save(folder / "d.avro", written.getvalue())


def _databases(folder: Path) -> None:
    path = folder / "e.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (id TEXT, text TEXT)")
        found = [(row["id"], row["text"]) for row in rows("sqlite", 5)]
        connection.executemany("INSERT INTO notes VALUES (?, ?)", found)
    connection.close()
    os.utime(path, (CHANGED, CHANGED))


def _picture() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    pixels = zlib.compress(b"".join(b"\0" + bytes([n, 90, 200] * 4) for n in range(4)))
    head = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def _warc(count: int) -> bytes:
    written = b""
    for number in range(count):
        body = text("crawl", number, 60).encode()
        head = (
            "WARC/1.0\r\nWARC-Type: conversion\r\n"
            f"WARC-Target-URI: https://site{number}.example.org/page\r\n"
            "WARC-Date: 2024-05-18T01:58:10Z\r\n"
            f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-00000000000{number}>\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        written += head.encode() + body + b"\r\n\r\n"
    return written


def _packed(folder: Path) -> None:
    packed = folder / "packed"
    for suffix, compress in (
        ("gz", lambda content: gzip.compress(content, mtime=0)),
        ("zst", zstandard.compress),
    ):
        content = "".join(json.dumps(row) + "\n" for row in rows(suffix, 5)).encode()
        save(packed / f"f.jsonl.{suffix}", compress(content))
    content = "".join(json.dumps(row) + "\n" for row in rows("member", 5)).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(zipfile.ZipInfo("in/m.jsonl", (2024, 1, 1, 0, 0, 0)), content)
    save(packed / "g.zip", written.getvalue())
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, member in (("n.txt", text("tarred", 1, 60).encode()), ("o.jsonl", content[:-1])):
            info = tarfile.TarInfo(name)
            info.size = len(member)
            tar.addfile(info, io.BytesIO(member))
    save(packed / "h.tar", written.getvalue())


def _marked(folder: Path) -> None:
    marked = folder / "marked"
    talk = [
        {
            "conversation_id": str(number),
            "model": "gpt-4",
            "conversation": [
                {"role": "user", "content": text("ask", number)},
                {"role": "assistant", "content": text("answer", number, 50)},
            ],
        }
        for number in range(5)
    ]
    lines(marked / "chats.jsonl", talk)
    messages = [{"messages": entry["conversation"]} for entry in talk[:2]]
    lines(marked / "messages.jsonl", messages)
    made = [
        {
            "instruction": text("task", n),
            "generation": text("made", n),
            "model_name": "lab/heron-7b",
        }
        for n in range(5)
    ]
    lines(marked / "distilled.jsonl", made)
    tree = [
        {**row, "message_id": row["id"], "role": "prompter", "synthetic": False}
        for row in rows("tree", 4)
    ]
    lines(marked / "tree.jsonl", tree)
    lines(
        marked / "labelled.jsonl", [{**row, "source": "ai", "is_ai": True} for row in rows("ai", 3)]
    )


def broken(folder: Path) -> None:
    """Files with records that cannot be read, and files that cannot be read at all."""
    good = [json.dumps(row) for row in rows("good", 4)]
    bad = [
        '{"id": "x", "text": "cut',
        '{"id": "y", "text": NaN}',
        '{"id": "z"}',
        "[1, 2]",
        '{"text": ""}',
    ]
    save(folder / "some.jsonl", "\n".join([*good[:2], *bad, *good[2:]]) + "\n")
    save(folder / "utf8.jsonl", b'{"text": "ok one"}\n{"text": "\xff\xfe"}\n{"text": "ok two"}\n')
    save(folder / "ragged.csv", "id,text\n1,one text\n2,two,three\n3,a text\n4\n")
    save(folder / "cut.json", '[{"text": "one"}, {"text": "tw')
    save(folder / "cut.parquet", b"PAR1" + bytes(40))
    save(folder / "empty.jsonl", b"")
    save(folder / "cut.jsonl.gz", gzip.compress("\n".join(good).encode(), mtime=0)[:-30])
    save(folder / "cut.warc", _warc(2)[:-60])
    save(folder / "unknown.bin", bytes(range(256)))
    lines(folder / "long.jsonl", [{"text": "long " * 400}, {"text": "short"}])


POLICIES = {
    "pass": "policy: pass\nunit: records\nbudgets:\n  - {name: overall, max_synthetic: 0.9}\n",
    "fail": "policy: fail\nunit: bytes\nbudgets:\n  - {name: overall, max_synthetic: 0.05}\n"
    "  - {name: floor, min_human: 5000, unit: records}\n",
    "open": "policy: open\nunit: words\nbudgets:\n  - {name: overall, max_synthetic: 0.4}\n",
    "warn": "policy: warn\nunit: words\nindeterminate: warn\nbudgets:\n"
    "  - {name: overall, max_synthetic: 0.4}\n",
    "many": """policy: many
unit: bytes
budgets:
  - {name: overall, max_synthetic: 0.3}
  - {name: each, by: [lang], max_synthetic: 0.5}
  - {name: sources, by: [source], max_share: 0.6}
  - {name: part, where: "source = 'web' AND lang = 'en'", max_synthetic: 0.9}
  - {name: ratio, per: human, max_synthetic: 0.6, unit: records}
  - {name: deep, where: depth >= 2, max_share: 0.1}
  - {name: generators, by: [generator], max_share: 0.3}
  - {name: floor, min_human: 10, unit: records}
  - {name: none-of-ours, forbid: "generator_family = 'ours'"}
""",
    "keep": "policy: keep\nunit: records\nbudgets:\n  - {name: anchor, accumulate: first}\n"
    "  - {name: overall, max_synthetic: 0.6}\n",
    "bad-key": "policy: bad\nbudgets:\n  - {name: a, max_syntetic: 0.1}\n",
    "bad-where": "policy: bad\nbudgets:\n  - {name: a, where: 'nope >', max_share: 0.1}\n",
    "bad-yaml": "policy: [\n",
}

CONTRACTS = """sources:
  - {name: web, kind: crawl, url: "https://crawl.example.org/", declared_by: data team}
  - {name: books, kind: licensed, label: human, licence: CC-BY-4.0, owner: A Press,
     declared_by: A Press}
  - {name: made, kind: synthetic, label: synthetic, process: generate, generator: lab/scribe-7b,
     generator_family: scribe, declared_by: data team}
  - {name: talk, kind: user, label: mixed, declared_by: shop}
"""


def mixture(folder: Path) -> None:
    """Files for budgets and lineage: of people, of models, of unknown origin, and descendants."""
    lines(
        folder / "books.jsonl",
        rows("books", 60, lang="en", author="Ann", url="https://a.example.org/b"),
    )
    lines(folder / "books-de.jsonl", rows("bücher", 20, lang="de", author="Bo"))
    lines(folder / "made.jsonl", rows("made", 40, lang="en", topic="t1"))
    web = rows("web", 15, lang="en")
    lines(
        folder / "web.jsonl",
        [{**row, "url": f"https://w{n % 4}.example.org/{n}"} for n, row in enumerate(web)],
    )
    lines(folder / "talk.jsonl", rows("talk", 6, lang="en"))
    lines(
        folder / "again.jsonl",
        [
            {**row, "id": f"again-{n}", "text": row["text"].upper()}
            for n, row in enumerate(rows("made", 3))
        ],
    )
    child = [{**row, "seed": f"books-{n}"} for n, row in enumerate(rows("child", 8, lang="en"))]
    lines(
        folder / "child.jsonl",
        [*child, {"id": "child-x", "text": text("orphan", 1), "seed": "books-none"}],
    )
    grand = [{**row, "seed": f"child-{n}"} for n, row in enumerate(rows("grand", 4, lang="en"))]
    lines(folder / "grand.jsonl", grand)
    lines(folder / "model-out.jsonl", rows("out", 3, lang="en"))
    save(folder / "sources.yaml", CONTRACTS)
    for name, content in POLICIES.items():
        save(folder / f"{name}.yaml", content)
    edges = "child,parent,relation,process,activity\n"
    edges += "grand-0,books-5,,rephrase,rewriting\ntalk-1,entity:style guide,context,,\n"
    edges += "books-9,books-none,,translate,\nbooks-2,books-1,,magic,\n"
    save(folder / "edges.csv", edges)
    save(folder / "loop.csv", "child,parent\nbooks-50,books-51\nbooks-51,books-50\n")
    save(folder / "prov.json", json.dumps(PROV_DOCUMENT))
    lines(folder / "events.jsonl", [openlineage_event(state) for state in ("START", "COMPLETE")])


PROV_DOCUMENT = {
    "prefix": {"ex": "https://example.org/"},
    "entity": {"ex:raw": {"prov:label": "Raw"}, "ex:clean": {"prov:label": "Clean"}},
    "activity": {"ex:cleaning": {"prov:startTime": "2024-01-01T00:00:00+00:00"}},
    "agent": {"ex:ann": {}},
    "wasGeneratedBy": {"_:g": {"prov:entity": "ex:clean", "prov:activity": "ex:cleaning"}},
    "used": {"_:u": {"prov:activity": "ex:cleaning", "prov:entity": "ex:raw"}},
    "wasDerivedFrom": {"_:d": {"prov:generatedEntity": "ex:clean", "prov:usedEntity": "ex:raw"}},
    "wasAssociatedWith": {"_:a": {"prov:activity": "ex:cleaning", "prov:agent": "ex:ann"}},
}


def openlineage_event(state: str) -> dict[str, Any]:
    """An event of a run that reads one data set and writes another."""
    return {
        "eventType": state,
        "eventTime": "2024-02-01T10:00:00Z" if state == "START" else "2024-02-01T11:00:00Z",
        "run": {"runId": "0190a1b2-0000-7000-8000-000000000001"},
        "job": {"namespace": "jobs", "name": "clean"},
        "inputs": [{"namespace": "s3://bucket", "name": "raw"}],
        "outputs": [{"namespace": "s3://bucket", "name": "clean"}],
        "producer": "https://example.org/producer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/definitions/RunEvent",
    }
