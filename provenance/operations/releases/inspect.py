"""Load sealed releases: manifest, facts for reports, list."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from provenance.errors import IntegrityError, NotFoundError
from provenance.model.base import Contract
from provenance.model.finding import Verdict
from provenance.model.manifest import Manifest
from provenance.model.reports.facts import Facts
from provenance.operations.judging.origin_findings import conflict_view, release_drift
from provenance.operations.judging.takedown_findings import revoked_members
from provenance.operations.members.of_release import release_members
from provenance.operations.members.relation import MEMBERS
from provenance.operations.sources import list_sources
from provenance.reports.facts import facts
from provenance.store.connection import Database
from provenance.store.ledger_store import Store


def release_manifest(connection: Database, release: str) -> Manifest:
    """Load the manifest of a release and verify the digest of its body.

    Raises:
        NotFoundError: there is no such release.
        IntegrityError: the body does not have the recorded digest.
    """
    row = connection.execute("SELECT manifest FROM releases WHERE name = ?", [release]).fetchone()
    if row is None:
        raise NotFoundError(
            f"there is no release `{release}`", hint="`prov query 'SELECT name FROM releases'`"
        )
    manifest = Manifest.model_validate_json(row[0])
    if manifest.body.digest() != manifest.body_digest:
        raise IntegrityError(
            f"the manifest of `{release}` does not have the digest it was sealed with"
        )
    return manifest


def release_facts(store: Store, release: str) -> Facts:
    """Collect the facts of a release report: sealed numbers, and drift since."""
    contracts = list_sources(store)
    with store.snapshot() as connection:
        manifest = release_manifest(connection, release)
        release_members(connection, release, today=True)
        drift = release_drift(connection, release)
        release_members(connection, release, today=False)
        revoked = revoked_members(connection)
        conflicts = conflict_view(connection)
        return facts(
            connection,
            MEMBERS,
            manifest=manifest,
            sources=contracts,
            conflicts=conflicts,
            findings=[*revoked, *drift],
        )


class Release(Contract):
    """A release as it is listed; its manifest has all that was sealed."""

    name: str
    recorded_at: datetime = Field(description="When it was sealed.")
    records: int
    verdict: Verdict


def list_releases(store: Store) -> list[Release]:
    """Every release, oldest first."""
    with store.snapshot(threads=1) as connection:
        rows = connection.execute(
            "SELECT name, recorded_at, manifest FROM releases ORDER BY seq"
        ).fetchall()
    found = []
    for name, at, text in rows:
        body = Manifest.model_validate_json(text).body
        found.append(Release(name=name, recorded_at=at, records=body.records, verdict=body.verdict))
    return found
