"""Where things lie in a ledger folder; the only place that builds its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provenance.errors import MisuseError

DEFAULT_URL = ".prov"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one ledger on a local disk."""

    root: Path

    @property
    def catalogue(self) -> Path:
        """DuckLake's catalogue, a DuckDB file."""
        return self.root / "catalogue.ducklake"

    @property
    def lock(self) -> Path:
        """File whose lock writers queue for."""
        return self.root / "lock"

    @property
    def holder(self) -> Path:
        """Who holds the lock, for the message to those who wait."""
        return self.root / "lock.holder"

    @property
    def data(self) -> Path:
        """DuckLake's data path: the Parquet parts."""
        return self.root / "data"

    @property
    def quarantine(self) -> Path:
        """Rejects, one Parquet file per reading that had any."""
        return self.root / "quarantine"

    @property
    def kept(self) -> Path:
        """Archived content of ``ingest --keep``, named by digest."""
        return self.root / "content"

    @property
    def merging(self) -> Path:
        """What maintenance is about to put in the place of other parts; nobody else looks there."""
        return self.root / "merging"

    def table(self, name: str) -> Path:
        """Folder of a table's parts."""
        return self.data / "ledger" / name

    def part(self, table: str, sha256: str) -> Path:
        """A part, named by what it holds."""
        return self.table(table) / f"{sha256}.parquet"

    def wal(self, catalogue: Path) -> Path:
        """The write-ahead log that DuckDB keeps beside a catalogue."""
        return catalogue.with_name(catalogue.name + ".wal")


def locate(url: str) -> Layout:
    """The layout behind a ledger URL: a folder, or ``file://`` and a folder.

    Raises:
        MisuseError: another scheme.
    """
    path = url.removeprefix("file://")
    if "://" in path:
        scheme = path.split("://", 1)[0]
        raise MisuseError(
            f"a ledger at `{scheme}://` is not supported",
            hint="give a folder, for example `--ledger ./.prov`",
        )
    return Layout(Path(path).absolute())
