"""The class ``Ledger``, and how to open or make one."""

from __future__ import annotations

from provenance.ledger.lineage import LineageMethods
from provenance.ledger.records import RecordMethods
from provenance.ledger.releases import ReleaseMethods
from provenance.ledger.upkeep import UpkeepMethods
from provenance.operations.coerce import AnyPath, path_text
from provenance.store.layout import locate
from provenance.store.ledger_store import create_store, open_store
from provenance.views.definitions import VIEWS
from provenance.views.materialized_origins import with_kept_origins


class Ledger(RecordMethods, LineageMethods, ReleaseMethods, UpkeepMethods):
    """An open ledger: one method per command; between calls it holds no lock and no connection.

    Where a method takes the name of a release, ``release:NAME`` means the same.
    """

    __slots__ = ()


def open(url: AnyPath = ".prov") -> Ledger:  # noqa: A001 - provenance.open(url)
    """Open the ledger at a folder or a URL (``postgres://…?data=…``).

    Raises:
        NotFoundError: there is none.
        MisuseError: the URL is not one of a ledger.
    """
    return Ledger(open_store(locate(path_text(url)), VIEWS, with_kept_origins))


def init(url: AnyPath = ".prov") -> Ledger:
    """Make a ledger in a new or empty folder, or at a URL.

    Raises:
        MisuseError: something is there already.
        StorageError: it cannot be written there.
    """
    return Ledger(create_store(locate(path_text(url)), VIEWS, with_kept_origins))
