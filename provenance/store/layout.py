"""Build the paths of everything that a ledger consists of; nothing else builds them."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import MisuseError
from provenance.io.objects import Location
from provenance.store import url as address
from provenance.store.url import Postgres


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one ledger.

    Attributes:
        root: a folder, or the prefix in an object store under which the parts lie.
        database: where the catalog is; else it is a file in the folder.
    """

    root: Path | Location
    database: Postgres | None = None

    @property
    def name(self) -> str:
        """The ledger as it is shown; no password is in it."""
        if self.database is None:
            return _masked(str(self.root))
        name = self.database.name
        schema = self.database.schema
        named = "" if schema == address.DEFAULT_SCHEMA else f"&schema={schema}"
        return f"{name}{'&' if '?' in name else '?'}data={self.root}{named}"

    @property
    def folder(self) -> Path:
        """The root of a ledger on a local disk."""
        if not isinstance(self.root, Path):
            raise AssertionError(f"{self.root} is no folder")
        return self.root

    @property
    def catalog(self) -> Path:
        """DuckLake's catalog, a DuckDB file."""
        return self.folder / "catalogue.ducklake"

    @property
    def lock(self) -> Path:
        """File whose lock writers queue for."""
        return self.folder / "lock"

    @property
    def holder(self) -> Path:
        """Who holds the lock, for the message to those who wait."""
        return self.folder / "lock.holder"

    @property
    def data(self) -> Path | Location:
        """DuckLake's data path: the Parquet parts."""
        return self.root / "data"

    @property
    def quarantine(self) -> Path | Location:
        """Rejects, one Parquet file per reading that had any."""
        return self.root / "quarantine"

    @property
    def kept(self) -> Path | Location:
        """Archived content of ``ingest --keep``, named by digest."""
        return self.root / "content"

    @property
    def tables(self) -> Path | Location:
        """Tables that were ingested from memory, each a Parquet file."""
        return self.root / "tables"

    def kept_table(self, sha256: str) -> Path | Location:
        """A table that was ingested from memory, named by the digest of its file."""
        return self.tables / f"{sha256}.parquet"

    @property
    def merging(self) -> Path:
        """What maintenance is about to put in the place of other parts; nobody else looks there."""
        return self.folder / "merging"

    def table(self, name: str) -> Path | Location:
        """Folder of a table's parts."""
        return self.data / "ledger" / name

    def data_file(self, table: str, sha256: str) -> Path | Location:
        """A part, named by what it holds."""
        return self.table(table) / f"{sha256}.parquet"

    def staging(self, beside: Path | Location, name: str) -> Path:
        """Where a file grows before it is given its place: near that, if that is on this disk."""
        if isinstance(beside, Path):
            return beside / f"{name}.tmp"
        return Path(tempfile.gettempdir()) / f"prov-{name}.tmp"

    def wal(self, catalog: Path) -> Path:
        """The write-ahead log that DuckDB keeps beside a catalog."""
        return catalog.with_name(catalog.name + ".wal")


def _masked(path: str) -> str:
    """A path without what looks like a password in it: a mistyped URL is taken for a path."""
    return re.sub(r":[^:/@]+@", ":***@", path)


def locate(url: str) -> Layout:
    """The layout behind a ledger URL: a folder, ``file://`` and a folder, or ``postgres://``.

    Raises:
        MisuseError: another scheme, or an address that is not whole.
    """
    path = url.removeprefix("file://")
    scheme, separator, _ = path.partition("://")
    if separator and scheme in address.SCHEMES:
        database, root = address.parse(url)
        return Layout(root, database)
    if separator:
        raise MisuseError(
            f"a ledger at `{scheme}://` is not supported",
            hint="give a folder, for example `--ledger ./.prov`, or postgres://…?data=…",
        )
    return Layout(Path(path).absolute())
