"""The methods of a ledger that take records out, and that keep it fast and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from provenance.ledger.opened import Opened
from provenance.model.release_name import release_name
from provenance.operations.coerce import AnyPath

if TYPE_CHECKING:
    from provenance.model.takedown import Kind, Receipt, Takedown
    from provenance.operations.maintenance.compact import Maintenance
    from provenance.operations.maintenance.verify import Verification


class UpkeepMethods(Opened):
    """Takedowns, maintenance and verification."""

    __slots__ = ()

    def takedown(
        self,
        *,
        records: str | Iterable[str] = (),
        external_ids: str | Iterable[str] = (),
        sources: str | Iterable[str] = (),
        files: AnyPath | Iterable[AnyPath] = (),
        attributes: Mapping[str, str | Iterable[str]] | None = None,
        through_models: bool = False,
    ) -> Takedown:
        """Say which records are to be taken out, for ``revoke``.

        Of several values of one argument any may hold; different arguments must all hold, in one
        appearance of a record.

        Args:
            records: any ids of records.
            external_ids: the records' own ids in their source.
            files: paths of files that were read, as they were named or as the ledger names them.
            attributes: values by name of the attribute (author, url, domain, licence, lang, …).
            through_models: also what models wrote that were trained on these records.

        Raises:
            MisuseError: nothing is named, or a value is empty.
            NotFoundError: there is no such record.
        """
        from provenance.operations.takedown import build_takedown

        named: dict[Kind, AnyPath | Iterable[AnyPath]] = {
            "record": records,
            "external_id": external_ids,
            "source": sources,
            "file": files,
        }
        return build_takedown(self.store, named, attributes or {}, through_models=through_models)

    def plan_revocation(self, takedown: Takedown) -> Receipt:
        """Find what a revocation would reach; nothing is changed.

        Raises:
            NotFoundError: no record matches.
        """
        from provenance.operations.takedown import plan_revocation

        return plan_revocation(self.store, takedown)

    def revoke(self, takedown: Takedown, reason: str, requested_by: str | None = None) -> Receipt:
        """Take records out, with everything derived from them, now and whenever more of it comes.

        Raises:
            NotFoundError: no record matches.
        """
        from provenance.operations.takedown import revoke

        return revoke(self.store, takedown, reason, requested_by)

    def restore(
        self, revocation: str, reason: str | None = None, requested_by: str | None = None
    ) -> Receipt:
        """Undo a revocation.

        Raises:
            NotFoundError, MisuseError: there is no such revocation, or there are several.
        """
        from provenance.operations.takedown import restore

        return restore(self.store, revocation, reason, requested_by)

    def purge(self, revocation: str) -> Receipt:
        """Remove for good what the ledger keeps of the records that a revocation names.

        Raises:
            NotFoundError, MisuseError: there is no such revocation, or it was restored.
        """
        from provenance.operations.takedown import purge

        return purge(self.store, revocation)

    def maintain(
        self, *, keep: timedelta = timedelta(hours=1), dry_run: bool = False
    ) -> Maintenance:
        """Compact small data files and vacuum old snapshots; query results do not change.

        Args:
            keep: how long replaced files stay for those who read an older snapshot.
            dry_run: only plan it.

        Raises:
            BusyError: somebody else maintains or purges this ledger.
        """
        from provenance.operations.maintenance.compact import maintain

        return maintain(self.store, keep=keep, dry_run=dry_run)

    def verify(self, release: str | None = None) -> Verification:
        """Check every stored file and every release against the recorded digests.

        Args:
            release: check the members of this release only.

        Raises:
            NotFoundError: there is no such release.
        """
        from provenance.operations.maintenance.verify import verify

        return verify(self.store, release_name(release) if release else None)
