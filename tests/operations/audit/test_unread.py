"""What was not read is not judged: it is counted and named, and nothing passes without it."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import InputError, NotFoundError
from provenance.ledger import Ledger
from provenance.model.finding import Judgement
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.ingest import IngestOptions

POOL = texts("h", 8)
AUDIT = IngestOptions(source="audit")
STRICT = policy(cap("0"))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger that knows the pool as human, and a few machine texts."""
    folder = tmp_path_factory.mktemp("known")
    made = provenance.init(str(folder / "ledger"))
    ingest(made, write_jsonl(folder / "h.jsonl", POOL), "people", label="human")
    ingest(made, write_jsonl(folder / "s.jsonl", texts("s", 3)), "machine", label="synthetic")
    return made


def audit(ledger: Ledger, *paths: Path, **how: Any) -> Judgement:
    options = AUDIT.model_copy(update=how.pop("options", {}))
    return ledger.audit_files(
        [str(path) for path in paths], how.pop("rules", STRICT), options, **how
    )


def _lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


def _csv(rows: list[dict[str, Any]]) -> bytes:
    return ("id,text\n" + "".join(f'{row["id"]},"{row["text"]}"\n' for row in rows)).encode()


GOOD: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "jsonl": lambda rows: _lines(*rows),
    "json": lambda rows: json.dumps(rows).encode(),
    "csv": _csv,
    "parquet": _parquet,
    "jsonl.gz": lambda rows: gzip.compress(_lines(*rows)),
}
DEEP = b'{"text": "deep", "x": ' + b"[" * 200 + b"]" * 200 + b"}\n"
BAD_ROWS = {
    "NaN": b'{"text": NaN}\n',
    "a duplicate key": b'{"text": "one", "text": "two"}\n',
    "deep nesting": DEEP,
    "a lone surrogate": b'{"text": "\\ud800"}\n',
    "half a line": b'{"text": "half\n',
    "no text": b'{"text": ""}\n',
    "no UTF-8": b'{"text": "caf\xe9"}\n',
}
BAD = {
    **{f"{name}.jsonl": row * 3 for name, row in BAD_ROWS.items()},
    "ragged.csv": b"text\nsome words, a comma\nmore words, two, commas\n",
    "cut.jsonl.gz": gzip.compress(_lines(*POOL) * 900)[:20],
    "damaged.parquet": _parquet(POOL)[:-30],
    "locked.parquet": b"PARE" + bytes(40) + b"PARE",
    "pointer.jsonl": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    "two columns.jsonl": _lines({"title": "one", "summary": "two"}),
}
UNREAD = {
    ".g.jsonl": _lines(*texts("s", 2)),
    "_x.csv": _csv(texts("s", 2)),
    ".cache/g": _parquet(texts("s", 2)),
    "LICENSE.jsonl": _lines(*texts("s", 2)),
    "state.json": json.dumps(texts("s", 2)).encode(),
    "README.md": _lines(*texts("s", 2)),
    "more.7z": b"7z\xbc\xaf\x27\x1c" + bytes(30),
    "more.bin": gzip.compress(_csv(texts("s", 2))),
}
NOTHING = {
    "a.py": b"import os\n\nprint(os.name, 1, 2)\n",
    "LICENSE": b"You may do with it what you like.\n",
    ".git/x.jsonl": _lines(*texts("s", 2)),
    "_SUCCESS": b"",
    "dataset_dict.json": b'{"splits": ["train"]}',
    ".x.png": PNG,
}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    good=st.lists(st.sampled_from(sorted(GOOD)), min_size=1, max_size=3),
    bad=st.lists(st.sampled_from(sorted(BAD)), max_size=2, unique=True),
    unread=st.lists(st.sampled_from(sorted(UNREAD)), max_size=2, unique=True),
    nothing=st.lists(st.sampled_from(sorted(NOTHING)), max_size=3, unique=True),
    below=st.sampled_from(["", "in/", "a.b/"]),
    allow=st.booleans(),
)
def test_whatever_is_in_a_folder(
    ledger: Ledger,
    tmp_path: Path,
    good: list[str],
    bad: list[str],
    unread: list[str],
    nothing: list[str],
    below: str,
    allow: bool,
) -> None:
    """The good records are kept, and nothing passes of which something was not read."""
    folder = tmp_path / uuid.uuid4().hex
    for place, form in enumerate(good):
        _write(folder / f"g{place}.{form}", GOOD[form](POOL[place * 2 : place * 2 + 2]))
    for name in (*bad, *unread, *nothing):
        _write(folder / below / name, {**BAD, **UNREAD, **NOTHING}[name])
    judgement = audit(ledger, folder, allow_unread=allow)
    wanted = 2 * len(good)
    assert judgement.unread is not None
    assert judgement.budgets[0].denominator == wanted == sum(s.rows for s in judgement.judged)
    assert judgement.unread.files == len(bad) + len(unread)
    passes = not (bad or unread) or allow
    assert judgement.verdict == ("pass" if passes else "indeterminate")

    source = folder.name
    kept = ingest(ledger, folder, source)
    digests = ledger.query(
        f"SELECT count(*) AS n, count(DISTINCT record_id) AS d, bool_and(label = 'human') AS human "
        f"FROM sightings JOIN records USING (record_id) WHERE source = '{source}'"
    ).to_pylist()
    assert kept.kept == wanted
    assert digests == [{"n": wanted, "d": wanted, "human": True}]
    assert {Path(item.path).name for item in kept.unread.listed} >= {Path(n).name for n in unread}


@pytest.mark.parametrize("packed", [False, True])
def test_rows_that_cannot_be_read_are_counted(
    ledger: Ledger, tmp_path: Path, *, packed: bool
) -> None:
    for place, bad in enumerate(BAD_ROWS.values()):
        data = _lines(POOL[place]) + bad * 5
        path = tmp_path / f"{place}.jsonl{'.gz' * packed}"
        path.write_bytes(gzip.compress(data) if packed else data)
    found = audit(ledger, tmp_path)
    assert found.verdict == "indeterminate"
    assert found.undecided_by_unread
    assert found.unread is not None
    counted = {Path(item.path).name[0]: item.rows for item in found.unread.listed}
    assert counted == {str(place): 5 for place in range(len(BAD_ROWS))}
    assert (found.unread.files, found.unread.rows) == (len(BAD_ROWS), 5 * len(BAD_ROWS))
    assert all(item.bytes > 0 for item in found.unread.listed)
    assert sum(counted.files for counted in found.unread.by_reason.values()) == len(BAD_ROWS)
    assert (found.budgets[0].verdict, found.budgets[0].denominator) == ("pass", len(BAD_ROWS))
    allowed = audit(ledger, tmp_path, allow_unread=True)
    assert allowed.verdict == "pass"
    assert allowed.unread == found.unread.model_copy(update={"allowed": True})


def test_what_fails_fails_and_what_warns_stays_undecided(ledger: Ledger, tmp_path: Path) -> None:
    machine = write_jsonl(tmp_path / "m" / "a.jsonl", texts("s", 3))
    (machine.parent / ".b.jsonl").write_bytes(UNREAD[".g.jsonl"])
    assert audit(ledger, machine.parent).verdict == "fail"
    assert audit(ledger, machine.parent, allow_unread=True).verdict == "fail"
    human = write_jsonl(tmp_path / "h" / "a.jsonl", POOL)
    (human.parent / ".b.jsonl").write_bytes(UNREAD[".g.jsonl"])
    lenient = policy(cap("0"), indeterminate="warn")
    assert audit(ledger, human.parent, rules=lenient).verdict == "indeterminate"


@pytest.mark.parametrize(
    "name", ["NaN.jsonl", "ragged.csv", "damaged.parquet", "pointer.jsonl", "two columns.jsonl"]
)
def test_a_named_file_that_gives_nothing_is_bad_input(
    ledger: Ledger, tmp_path: Path, name: str
) -> None:
    good = write_jsonl(tmp_path / "good.jsonl", POOL)
    path = tmp_path / name
    path.write_bytes(BAD[name])
    with pytest.raises(InputError) as caught:
        audit(ledger, good, path, allow_unread=True)
    assert caught.value.exit_code == 10
    assert name in caught.value.message


@pytest.mark.parametrize("name", ["locked.parquet", "half a line.jsonl", ".g.jsonl", "a.py"])
def test_a_folder_that_gives_nothing_is_bad_input(
    ledger: Ledger, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes({**BAD, **UNREAD, **NOTHING}[name])
    with pytest.raises(InputError):
        audit(ledger, tmp_path, allow_unread=True)


def test_a_glob_is_judged_by_what_it_meets(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", POOL)
    for name in ("damaged.parquet", "more.7z", ".g.jsonl"):
        (tmp_path / name).write_bytes({**BAD, **UNREAD}[name])
    found = audit(ledger, tmp_path / "*")
    assert found.unread is not None
    assert {Path(item.path).name for item in found.unread.listed} == {"damaged.parquet", "more.7z"}
    assert audit(ledger, tmp_path / "*.jsonl").verdict == "pass"


def test_media_count_where_the_set_is_one_of_media(ledger: Ledger, tmp_path: Path) -> None:
    for name in ("a.png", ".b.png", ".c.wav"):
        sound = b"RIFF\x24\0\0\0WAVEfmt "
        (tmp_path / name).write_bytes((sound if "wav" in name else PNG) + name.encode())
    anything = policy(cap("1"))
    pictures = audit(ledger, tmp_path, rules=anything)
    assert pictures.verdict == "indeterminate"
    assert pictures.unread is not None
    assert {Path(item.path).name for item in pictures.unread.listed} == {".b.png", ".c.wav"}
    assert ingest(ledger, tmp_path, "pictures").unread.files == pictures.unread.files
    write_jsonl(tmp_path / "d.jsonl", POOL)
    assert audit(ledger, tmp_path / "*").verdict == "pass"


def test_the_ledger_in_a_folder_is_no_data_of_it(tmp_path: Path) -> None:
    made = provenance.init(str(tmp_path / ".prov"))
    write_jsonl(tmp_path / "a.jsonl", POOL)
    assert ingest(made, tmp_path, "people", label="human").unread.files == 0
    assert audit(made, tmp_path).verdict == "pass"
    (tmp_path / ".prov").rename(tmp_path / "ledger")
    moved = provenance.open(str(tmp_path / "ledger"))
    assert audit(moved, tmp_path).verdict == "pass"


@pytest.mark.slow
def test_without_a_ledger_too(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", POOL)
    (tmp_path / ".g.jsonl").write_bytes(UNREAD[".g.jsonl"])
    anything = policy(cap("1"))
    assert audit_files(None, [str(tmp_path)], anything, AUDIT).verdict == "indeterminate"
    allowed = audit_files(None, [str(tmp_path)], anything, AUDIT, allow_unread=True)
    assert allowed.verdict == "pass"


def test_links_that_lead_out_are_not_read(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "given" / "a.jsonl", POOL[:4])
    write_jsonl(tmp_path / "own" / "b.jsonl", POOL[4:])
    (tmp_path / "given" / "b.jsonl").symlink_to("../own/b.jsonl")
    found = audit(ledger, tmp_path / "given")
    assert found.verdict == "indeterminate"
    assert found.unread is not None
    assert [Path(item.path).name for item in found.unread.listed] == ["b.jsonl"]
    summary = ingest(ledger, tmp_path / "given", "given")
    assert (summary.kept, summary.unread.files, len(summary.failed)) == (4, 1, 1)
    follow = {"follow": (str(tmp_path / "own"),)}
    assert audit(ledger, tmp_path / "given", options=follow).verdict == "pass"
    assert ingest(ledger, tmp_path / "given", "given", **follow).kept == 4
    with pytest.raises(NotFoundError):
        audit(ledger, tmp_path / "given", options={"follow": (str(tmp_path / "nothing"),)})


def test_what_was_judged_is_said(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", POOL)
    chat = {"messages": [{"role": "user", "content": "Hello, who is there?"}]}
    write_jsonl(tmp_path / "b.jsonl", [chat])
    found = audit(ledger, tmp_path, rules=policy(cap("1")))
    assert {(s.content, s.files, s.rows) for s in found.judged} == {
        (("text",), 1, len(POOL)),
        (("messages",), 1, 1),
    }
    assert ledger.audit(policy(cap("1"))).unread is None


BESIDE: dict[tuple[str, ...], dict[str, Any]] = {
    ("completion",): {"completion": "a machine's answer"},
    ("answers",): {"answers": ["one text", "another"]},
    ("reply.text",): {"reply": {"text": "nested", "id": "x"}},
    ("turns",): {"turns": [{"role": "user", "content": "hello"}]},
    ("drafts",): {"drafts": [{"text": "a first one", "n": 1}]},
    (): {"model": "m", "lang": "en", "n": 1, "source_url": "https://x.org", "flag": True},
}


def test_columns_of_text_that_were_not_judged_are_named(ledger: Ledger, tmp_path: Path) -> None:
    for place, beside in enumerate(BESIDE.values()):
        # A column counts wherever in a file it begins.
        rows = [{"text": row["text"]} for row in POOL]
        write_jsonl(tmp_path / f"{place}.jsonl", [*rows * 200, {**rows[0], **beside}])
        write_jsonl(tmp_path / f"{place}.early.jsonl", [{**row, **beside} for row in rows])
    found = audit(ledger, tmp_path, rules=policy(cap("1")), options={"content": ("text",)})
    assert {shape.other_text: shape.files for shape in found.judged} == dict.fromkeys(BESIDE, 2)
    named = " ".join(item.reason for item in found.findings if item.code == "unjudged-text")
    assert all(column in named for columns in BESIDE for column in columns)
    whole = audit(ledger, tmp_path, rules=policy(cap("1")), options={"content": ("*",)})
    assert {shape.other_text for shape in whole.judged} == {()}


def test_what_a_reader_advises_is_said_of_the_file(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", POOL)
    for place in range(3):
        whole = gzip.compress(_lines(*POOL * (place + 1)), mtime=0)
        (tmp_path / f"{place}.jsonl.gz").write_bytes(whole[:-9])
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (tmp_path / "b.jsonl").write_bytes(pointer)
    found = audit(ledger, tmp_path, rules=policy(cap("1")))
    assert found.unread is not None
    assert sorted(each.files for each in found.unread.by_reason.values()) == [1, 3]
    remedies = {item.subject: item.remedy for item in found.findings if item.code == "unread"}
    assert "git lfs pull" in str(remedies[str(tmp_path / "b.jsonl")])
    assert len(set(remedies.values())) == 2
