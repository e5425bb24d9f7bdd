"""Copy the small tables of a ledger into memory, and make its views over them on demand.

Each table of DuckLake costs a query some milliseconds, however little is in it; a copy costs none.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from provenance.model.base import quote_identifier, quote_literal
from provenance.store import postgres
from provenance.store.catalog import (
    LAKE,
    attach,
    check_columns,
    check_version,
    not_a_ledger,
    read_columns,
)
from provenance.store.catalog_state import (
    CatalogState,
    FileStamp,
    Fingerprint,
    copy_catalog,
    read_state,
    replay_log,
    stamp,
)
from provenance.store.connection import let_read, load_extension, quiet
from provenance.store.layout import Layout
from provenance.store.schema import TABLES, columns_sql
from provenance.store.snapshot import Snapshot
from provenance.store.view_sql import (
    Late,
    Shortcut,
    Views,
    make_views,
    needed,
    tables_in,
    words_in,
)

MEMORY = "near"
"""Name of the database that holds the copies."""

Stamps = Mapping[str, FileStamp]


class MemoryTables:
    """An in-memory DuckDB that shows one state of one ledger.

    Small tables are copied when the state is shown, so that nothing that happens to the files later
    changes it. Empty and large tables follow when a query names them, and so do views. Where every
    table is small, a view is worked out once and kept as a table.
    """

    def __init__(self) -> None:
        """Start DuckDB, with nothing in it."""
        self.user = os.geteuid()
        """Who may write to the folder."""
        self.connection = quiet()
        # What does not fit into memory goes there, and not into the user's own folder.
        self._folder = Path(tempfile.mkdtemp(prefix="prov-"))
        for setting in (
            f"temp_directory = {quote_literal(str(self._folder))}",
            "preserve_insertion_order = false",
            "GLOBAL TimeZone = 'UTC'",
            # UUIDs come out as 16 bytes, as they went in, and not as text.
            "GLOBAL arrow_lossless_conversion = true",
        ):
            self.connection.execute(f"SET {setting}")
        self._limits: tuple[int | None, str | None] | None = None
        self._clear()

    def _clear(self) -> None:
        self.layout: Layout | None = None
        self._views: Views = {}
        self._shortcut: Shortcut | None = None
        self._fingerprint: Fingerprint | None = None
        self._state: CatalogState | None = None
        self._clear_copies()

    def _clear_copies(self) -> None:
        self.materializes = False
        """Whether every table is small, and each view is kept as a table."""
        self._loaded: dict[str, Stamps] = {}
        self._made: dict[str, frozenset[str]] = {}
        self._shortened: Views | None = None
        self._has_lake = False

    def close(self) -> None:
        """Free the memory and the folder."""
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def reset(self) -> None:
        """Forget the ledger."""
        if self.layout is not None:
            self._drop_copies()
        self._catalog.unlink(missing_ok=True)
        self._clear()

    def _drop_copies(self) -> None:
        self.connection.execute("USE memory")
        self.connection.execute(f"DETACH DATABASE IF EXISTS {MEMORY}")
        self.connection.execute(f"DETACH DATABASE IF EXISTS {LAKE}")
        self._clear_copies()

    @property
    def _catalog(self) -> Path:
        return self._folder / "catalogue.ducklake"

    def set_limits(self, threads: int | None, memory_limit: str | None) -> None:
        """Set how many threads queries may use, and how much memory; ``None`` is the default."""
        if self._limits == (threads, memory_limit):
            return
        self.connection.execute(f"SET threads = {int(threads)}" if threads else "RESET threads")
        limited = f"SET memory_limit = {quote_literal(memory_limit)}" if memory_limit else None
        self.connection.execute(limited or "RESET memory_limit")
        self._limits = (threads, memory_limit)

    def show(self, layout: Layout, views: Views, shortcut: Shortcut | None) -> None:
        """Bring the copies to the newest commit of a ledger.

        Raises:
            NotFoundError, VersionError, StorageError, IntegrityError: as the ledger is.
        """
        if (layout, views, shortcut) != (self.layout, self._views, self._shortcut):
            self.reset()
            let_read(self.connection, layout)
        found = self._copy_catalog(layout)
        if found is not None and found == self._fingerprint and self._files_are_unchanged():
            return
        if self._state is None or found != self._fingerprint:
            replay_log(self.connection, self._catalog)
            self._state = read_state(self.connection, self._catalog)
        self.layout, self._views, self._shortcut = layout, views, shortcut
        self._refresh(layout)
        self._fingerprint = found

    def _copy_catalog(self, layout: Layout) -> Fingerprint | None:
        if layout.database is None:
            return copy_catalog(layout, self._catalog, self._fingerprint)
        self._catalog.unlink(missing_ok=True)
        postgres.copy(layout, layout.database, self._catalog)
        return None

    def _files_are_unchanged(self) -> bool:
        return all(
            stamp(path) == found
            for stamps in self._loaded.values()
            for path, found in stamps.items()
        )

    def _refresh(self, layout: Layout) -> None:
        """Bring what is copied from the state before to the present one."""
        state = self._state
        small = state is not None and all(table.small for table in state.tables.values())
        if self._loaded and not (small and self.materializes and self._shortened is None):
            self._drop_copies()
        self.set_limits(1, self._limits[1] if self._limits else None)
        if not self._loaded:
            self.connection.execute(f"ATTACH ':memory:' AS {MEMORY}")
            self.connection.execute(f"USE {MEMORY}")
            self.connection.execute("CREATE SCHEMA ledger")
        self.materializes = small
        changed = self._check(layout)
        for table in TABLES:
            if state is not None and state.tables[table].small:
                changed |= self._load(table, state.tables[table].names)
        for view in [view for view, under in self._made.items() if under & changed]:
            self.connection.execute(f"DROP TABLE {quote_identifier(view)}")
            del self._made[view]

    def _check(self, layout: Layout) -> set[str]:
        """Refuse tables that this program does not know; return those that had to be loaded."""
        if self._state is None:
            self._attach_lake(layout)
            check_version(self.connection, layout, f"{LAKE}.ledger.versions")
            check_columns(layout, read_columns(self.connection))
            return set()
        versions = self._state.tables.get("versions")
        if versions is None:
            raise not_a_ledger(layout)
        changed = self._load("versions", versions.names) if versions.small else {"versions"}
        if changed:
            self._make_table("versions")
            check_version(self.connection, layout, "ledger.versions")
            check_columns(layout, self._state.columns)
        return changed

    def _load(self, table: str, names: tuple[str, ...]) -> set[str]:
        """Copy what a small table consists of; return its name if that is something else now."""
        if not names and table not in self._loaded:
            return set()
        layout = self._shown()
        paths = (str(layout.table(table) / name) for name in names)
        stamps = {path: stamp(path) if self._is_local else None for path in paths}
        before = self._loaded.get(table)
        if before == stamps:
            return set()
        if before is None or not before.items() <= stamps.items():
            self._create(table)
            before = {}
        if added := [quote_literal(path) for path in stamps if path not in before]:
            self.connection.execute(
                # Files of an older schema lack columns that those after them have.
                f"INSERT INTO ledger.{quote_identifier(table)} BY NAME "
                f"FROM read_parquet([{', '.join(added)}], union_by_name = true)"
            )
        self._loaded[table] = stamps
        return {table}

    def _create(self, table: str) -> None:
        name = quote_identifier(table)
        self.connection.execute(f"CREATE OR REPLACE TABLE ledger.{name} ({columns_sql(table)})")

    def data_files(self, table: str) -> tuple[str, ...]:
        """The paths of the files that a table consists of, sorted."""
        layout = self._shown()
        if self._state is not None and self._state.tables[table].plain:
            names = self._state.tables[table].names
            return tuple(sorted(str(layout.table(table) / name) for name in names))
        self._attach_lake(layout)
        query = f"SELECT DISTINCT filename FROM {LAKE}.ledger.{quote_identifier(table)} ORDER BY 1"
        return tuple(path for (path,) in self.connection.execute(query).fetchall())

    def prepare(self, query: str) -> None:
        """Make the tables and views that a query names, as far as they are not there."""
        for table in tables_in(query):
            self._make_table(table)
        wanted = words_in(query) & self._views.keys() - self._made.keys()
        if wanted:
            self._make_views(wanted)

    def make_everything(self) -> None:
        """Make all tables, and all views as views."""
        self.materializes = False
        for table in TABLES:
            self._make_table(table)
        self._make_views(self._views)

    def _make_table(self, table: str) -> None:
        """Make an empty table, or a view of one that is large."""
        if table in self._loaded or table not in TABLES:
            return
        if self._state is not None and self._state.tables[table].small:
            self._create(table)
        else:
            self._attach_lake(self._shown())
            name = quote_identifier(table)
            self.connection.execute(f"CREATE VIEW ledger.{name} AS FROM {LAKE}.ledger.{name}")
        self._loaded[table] = {}

    def _make_views(self, wanted: Collection[str]) -> None:
        views = self._views_of_state(wanted)
        new = {name: body for name, body in needed(views, wanted).items() if name not in self._made}
        for body in new.values():
            empty = body.empty if isinstance(body, Late) else ""
            for table in tables_in(body) | tables_in(empty):
                self._make_table(table)
        if not self.materializes:
            make_views(self.connection, new)
        for name, body in new.items():
            if self.materializes:
                self.connection.execute(f"CREATE TABLE {quote_identifier(name)} AS {body}")
            below = (self._made.get(word, frozenset()) for word in words_in(body))
            self._made[name] = tables_in(body).union(*below)

    def _views_of_state(self, wanted: Collection[str]) -> Views:
        """The views, those of them by a shorter way for which this state has one."""
        if self._shortened is None:
            kept = self._state is None or self._state.tables["origins"].rows > 0
            if self._shortcut is None or not kept or "origins" not in needed(self._views, wanted):
                return self._views
            self._shortened = self._shortcut(Snapshot(self.connection, self), self._views)
        return self._shortened

    def _attach_lake(self, layout: Layout) -> None:
        if not self._has_lake:
            load_extension(self.connection, "ducklake")
            attach(self.connection, layout, f"ducklake:{self._catalog}", ["READ_ONLY"])
            self._has_lake = True

    def _shown(self) -> Layout:
        if self.layout is None:
            raise AssertionError("no ledger is shown")
        return self.layout

    @property
    def _is_local(self) -> bool:
        return isinstance(self._shown().root, Path)
