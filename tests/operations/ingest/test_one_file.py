"""One file costs one file: it is named with the reason, and everything else is kept."""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as sealing
import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import InputError, ProvError, UnforeseenError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape
from provenance.io.readers.json.lines import JsonLines
from provenance.ledger import Ledger
from provenance.operations.ingest import IngestOptions, split_work
from provenance.operations.ingest.plan import file_task
from provenance.operations.ingest.split_work import cut
from provenance.operations.ingest.worker import run_unit
from provenance.operations.ingest.worker_contract import UnitResult


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


class Keys(sealing.KmsClient):  # type: ignore[misc]
    """Wraps a key as nobody should."""

    def __init__(self, _config: object) -> None:
        super().__init__()

    def wrap_key(self, key: bytes, _master: str) -> str:
        """The key as text."""
        return base64.b64encode(key).decode()

    def unwrap_key(self, wrapped: str, _master: str) -> bytes:
        """The text as key."""
        return base64.b64decode(wrapped)


def sealed(path: Path, *, footer: bool) -> Path:
    """A Parquet file with an encrypted column, and an encrypted footer perhaps."""
    factory = sealing.CryptoFactory(Keys)
    config = sealing.EncryptionConfiguration(
        footer_key="f", column_keys={"c": ["text"]}, plaintext_footer=not footer
    )
    properties = factory.file_encryption_properties(sealing.KmsConnectionConfig(), config)
    table = pa.table({"text": ["a text that is sealed", "another text"], "n": [1, 2]})
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    return path


def crashing(path: Path) -> Path:
    """A Parquet file that ends the process that reads it: sealed, and not to be known as such."""
    data = sealed(path, footer=False).read_bytes()
    size = struct.unpack("<I", data[-8:-4])[0]
    path.write_bytes(data[:-8] + b"\0" + struct.pack("<I", size + 1) + b"PAR1")
    return path


def cut_off(path: Path) -> Path:
    """A compressed file that ends too early, after many of its rows."""
    rows = "".join(f'{{"text": "cut text {n * 7919}"}}\n' for n in range(5_000))
    path.write_bytes(gzip.compress(rows.encode())[:-300])
    return path


BAD: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "crash": ("bad.parquet", crashing, "died twice"),
    "sealed-column": ("bad.parquet", lambda path: sealed(path, footer=False), "is encrypted"),
    "sealed-footer": ("bad.parquet", lambda path: sealed(path, footer=True), "encrypted"),
    "cut-off": ("bad.jsonl.gz", cut_off, "is truncated"),
}


def good(folder: Path, count: int, rows: int = 3) -> int:
    """Files that can be read; the number of their records."""
    for n in range(count):
        write_jsonl(folder / f"{n:02}.jsonl", texts(f"f{n:02}", rows))
    return count * rows


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_among_good_ones(ledger: Ledger, tmp_path: Path, case: str) -> None:
    name, write, why = BAD[case]
    folder = tmp_path / "d"
    kept = good(folder, 12)
    path = write(folder / f"05-{name}")
    summary = ingest(ledger, folder, "web")
    assert (summary.read, summary.kept, summary.rejected) == (kept, kept, 0)
    (failed,) = summary.failed
    assert failed.uri == str(path)
    assert failed.error is not None
    assert failed.error.count(str(path)) == 1
    assert why in failed.error
    assert ledger.status().sightings == kept
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_alone(ledger: Ledger, tmp_path: Path, case: str) -> None:
    name, write, why = BAD[case]
    path = write(tmp_path / name)
    if case == "sealed-footer":  # its first bytes tell, before anything is read
        with pytest.raises(InputError, match=why):
            ingest(ledger, path, "web")
    else:
        (failed,) = ingest(ledger, path, "web").failed
        assert why in str(failed.error)
        assert failed.exit_code == 10
    with pytest.raises(InputError, match=why) as told:
        ledger.audit_files([str(path)], policy(cap("1")), IngestOptions(source="audit"))
    assert str(path) in told.value.message


@pytest.mark.parametrize("footer", [True, False])
def test_a_sealed_file_is_refused_by_its_reader(
    ledger: Ledger, tmp_path: Path, *, footer: bool
) -> None:
    path = sealed(tmp_path / "a.parquet", footer=footer)
    (failed,) = ingest(ledger, path, "web", format="parquet").failed
    assert failed.error == f"the Parquet file is encrypted: {path}"


def test_several_bad_files(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    kept = good(folder, 6)
    bad = {
        str(write(folder / f"{place}-{case}-{name}"))
        for place, (case, (name, write, _)) in enumerate(BAD.items())
    }
    summary = ingest(ledger, folder, "web")
    assert summary.kept == kept
    assert {failed.uri for failed in summary.failed} == bad


def test_a_large_file_that_is_cut_fails_whole(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_work, "UNIT_BYTES", 1_000)
    monkeypatch.setattr(split_work, "SHARED_FROM", 1_000)
    kept = good(tmp_path / "d", 3)
    crashing(tmp_path / "d" / "large.parquet")
    cut_off(tmp_path / "d" / "large.jsonl.gz")
    summary = ingest(ledger, tmp_path / "d", "web", workers=2)
    assert summary.kept == kept
    assert sorted(Path(failed.uri).name for failed in summary.failed) == [
        "large.jsonl.gz",
        "large.parquet",
    ]
    assert ledger.status().sightings == kept


class Odd(JsonLines):
    """A reader with a defect: it fails on some files in a way that nobody foresaw."""

    def __init__(self, error: BaseException, *, early: bool) -> None:
        super().__init__()
        self._error = error
        self._early = early

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """What the lines say, or the defect."""
        if self._early and "odd" in source.uri:
            raise self._error
        return super().probe(source, nested)

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """The lines, and then the defect."""
        yield from super().read(source, layout, part, original=original)
        if "odd" in source.uri:
            raise self._error


UNFORESEEN = [
    KeyError("month"),
    ValueError("no such value\nreally"),
    pa.ArrowInvalid("offsets"),
    struct.error("unpack"),
    RecursionError("too deep"),
    IndexError(),
    AssertionError(),
]


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
def test_what_a_reader_fails_with_is_the_failure_of_its_file(
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    *,
    early: bool,
) -> None:
    odd = Odd(error, early=early)
    monkeypatch.setattr(
        "provenance.operations.ingest.worker.reader_for",
        lambda form: odd if form == "jsonl" else reader_for(form),
    )
    good(tmp_path / "d", 2)
    write_jsonl(tmp_path / "d" / "01-odd.jsonl", texts("odd", 4))
    unit = read(ledger, tmp_path / "d")
    assert sum(part.rows for part in unit.parts if part.table == "sightings") == 6
    failures = {Path(each.task.source.uri).name: each.failure for each in unit.files}
    failure = failures.pop("01-odd.jsonl")
    assert set(failures.values()) == {None}
    assert isinstance(failure, UnforeseenError)
    assert failure.message.startswith(f"{tmp_path}/d/01-odd.jsonl: the program failed on it with ")
    assert type(error).__name__ in failure.message
    assert "\n" not in failure.message
    assert "test_one_file.py" in failure.trace


def test_a_lack_of_memory_is_the_failure_of_its_file(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Odd(MemoryError(), early=False)
    monkeypatch.setattr("provenance.operations.ingest.worker.reader_for", lambda _form: odd)
    write_jsonl(tmp_path / "d" / "a-odd.jsonl", texts("odd", 4))
    good(tmp_path / "d", 2)
    failures: list[ProvError | None] = [each.failure for each in read(ledger, tmp_path / "d").files]
    assert sum(failure is None for failure in failures) == 2
    assert "a-odd.jsonl: reading it takes more memory" in str(next(filter(None, failures)))


def read(ledger: Ledger, folder: Path) -> UnitResult:
    """Read a folder as one unit, in this process."""
    inputs = [Input(path.as_posix(), path, "jsonl") for path in sorted(folder.iterdir())]
    tasks = [file_task(item) for item in inputs]
    groups = cut(tasks, ledger.store.layout, IngestOptions(source="web"))
    (unit,) = (unit for group in groups for unit in group.units)
    return run_unit(unit)
