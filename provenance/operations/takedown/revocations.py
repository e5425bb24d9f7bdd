"""Revoke and restore records, and extend revocations to records that are ingested later."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.errors import MisuseError, NotFoundError
from provenance.model.base import quote_literal
from provenance.model.takedown import Receipt, Takedown
from provenance.operations.takedown.reach import HIT, find, prepare, reach
from provenance.store.commits import Effect, Verb, verb_list, verbs_without
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Commit, Store
from provenance.store.replacements import Replacement

_NO_REACH = verb_list(verbs_without(Effect.REACH))
"""Verbs of commits that add no record and no edge, as SQL."""


@dataclass(frozen=True, slots=True)
class State:
    """A revocation as its latest event left it."""

    revocation: str
    event: str
    takedown: Takedown
    receipt: Receipt
    seq: int

    @property
    def active(self) -> bool:
        """Whether its records are revoked."""
        return self.event != "restore"


def plan_revocation(store: Store, takedown: Takedown) -> Receipt:
    """Show what a revocation would reach, without changes.

    Raises:
        NotFoundError: no record matches.
    """
    with store.snapshot() as connection:
        return _plan(connection, takedown)


def _plan(connection: Database, takedown: Takedown) -> Receipt:
    prepare(connection)
    if not find(connection, takedown):
        raise NotFoundError(
            f"no record matches {takedown.description}",
            hint="`prov query 'SELECT * FROM sightings LIMIT 5'` shows the attributes of records",
        )
    return Receipt(
        revocation=takedown.revocation,
        event="plan",
        takedown=takedown,
        ledger_sequence=_last(connection),
        reach=reach(connection),
    )


def revoke(
    store: Store, takedown: Takedown, reason: str, requested_by: str | None = None
) -> Receipt:
    """Revoke records and everything derived from them, including records ingested later.

    Raises:
        NotFoundError: no record matches.
    """
    with store.snapshot() as connection:
        before = _states(connection, takedown.revocation)
        if before and before[0].active:
            return before[0].receipt.model_copy(update={"unchanged": True})
        plan = _plan(connection, takedown)
        receipt = plan.model_copy(
            update={"event": "revoke", "reason": reason, "requested_by": requested_by}
        )
        commit_id = uuid.uuid4()
        which = "TRUE" if takedown.through_models else "NOT through"
        hits = _write_hits(store, connection, commit_id, takedown.revocation, which)
    made = commit_event(store, receipt, commit_id, [hits])
    # Covers commits between the snapshot and this one.
    follow(store)
    return receipt.model_copy(update={"recorded_at": made.recorded_at})


def restore(
    store: Store, revocation: str, reason: str | None = None, requested_by: str | None = None
) -> Receipt:
    """Undo a revocation; records that another one covers stay revoked.

    Raises:
        NotFoundError, MisuseError: there is no such revocation, or it was purged.
    """
    with store.snapshot(threads=1) as connection:
        state = state_of(connection, revocation)
    if state.event == "purge":
        raise MisuseError(
            f"revocation `{state.revocation}` was purged",
            hint="a purge cannot be undone: attributes and own ids are erased",
        )
    if state.event == "restore":
        return state.receipt.model_copy(update={"unchanged": True})
    receipt = state.receipt.model_copy(
        update={"event": "restore", "reason": reason, "requested_by": requested_by}
    )
    made = commit_event(store, receipt, uuid.uuid4(), [])
    return receipt.model_copy(update={"recorded_at": made.recorded_at})


def commit_event(
    store: Store,
    receipt: Receipt,
    commit_id: uuid.UUID,
    parts: list[DataFile | None],
    replaced: Sequence[Replacement] = (),
) -> Commit:
    """Commit an event of a revocation with its data files in one transaction."""
    head = store.rows("revocations", commit_id, [event_row(receipt)])
    key = f"{receipt.event}:{receipt.revocation}:{commit_id}"
    return store.commit(receipt.event, key, [*parts, head], commit_id, replaced)


def event_row(receipt: Receipt) -> dict[str, object]:
    """Make a row of the table ``revocations`` from a receipt."""
    return {
        "revocation": receipt.revocation,
        "event": receipt.event,
        "takedown": receipt.takedown.model_dump_json(),
        "reason": receipt.reason,
        "requested_by": receipt.requested_by,
        "receipt": receipt.model_dump_json(),
    }


def follow(store: Store) -> Commit | None:
    """Extend active revocations to new records that match them or derive from revoked ones.

    Costs one query if nothing was ever revoked.
    """
    with store.snapshot() as connection:
        if not connection.execute("FROM ledger.revocations LIMIT 1").fetchall():
            return None
        last = _last(connection)
        behind = [
            (state, since)
            for state in _states(connection)
            if state.active and (since := _followed(connection, state)) < last
        ]
        if not behind:
            return None
        commit_id = uuid.uuid4()
        prepare(connection)
        parts = [_follow_one(store, connection, commit_id, *item) for item in behind]
        seen = connection.execute("SELECT max(seq) FROM ledger.commits").fetchall()[0][0]
    return store.commit(Verb.FOLLOW, f"follow:{last}:{seen}", parts, commit_id)


def _follow_one(
    store: Store, connection: Database, commit_id: uuid.UUID, state: State, since: int
) -> DataFile | None:
    name = quote_literal(state.revocation)
    known = f"(SELECT record_id FROM revoked WHERE revocation = {name})"
    before = f"""(
        SELECT record_id, digest_rest FROM ledger.revoked
        WHERE revocation = {name} AND hops = 0 AND record_id IN {known})"""
    fresh = connection.execute(
        f"SELECT commit_id FROM ledger.commits WHERE seq > ? AND verb NOT IN ({_NO_REACH})", [since]
    ).fetchall()
    listed = ", ".join(f"'{row[0]}'::UUID" for row in fresh) or "NULL"
    find(connection, state.takedown, f"s.commit_id IN ({listed})", before)
    which = "TRUE" if state.takedown.through_models else "NOT through"
    return _write_hits(
        store, connection, commit_id, state.revocation, f"{which} AND record_id NOT IN {known}"
    )


def _followed(connection: Database, state: State) -> int:
    """Get the last commit that a revocation was extended to."""
    rows = connection.execute(
        """SELECT max(CAST(split_part(key, ':', 2) AS BIGINT)) FROM ledger.commits
        WHERE verb = '{Verb.FOLLOW}' AND CAST(split_part(key, ':', 3) AS BIGINT) >= ?""",
        [state.seq],
    ).fetchall()
    return max(state.receipt.ledger_sequence, rows[0][0] or 0)


def state_of(connection: Database, text: str) -> State:
    """Load a revocation by its id or a unique prefix.

    Raises:
        NotFoundError, MisuseError: there is none, or there are several.
    """
    found = _states(connection, text)
    if not found:
        raise NotFoundError(
            f"there is no revocation `{text}`", hint="`prov query 'SELECT * FROM revocations'`"
        )
    if len(found) > 1:
        some = ", ".join(state.revocation for state in found[:5])
        raise MisuseError(f"`{text}` matches {len(found)} revocations", hint=f"for example {some}")
    return found[0]


def _states(connection: Database, prefix: str = "") -> list[State]:
    rows = connection.execute(
        """SELECT revocation, event, takedown, receipt, seq, recorded_at FROM revocations
        WHERE starts_with(revocation, ?) ORDER BY revocation""",
        [prefix],
    ).fetchall()
    return [
        State(
            revocation=name,
            event=event,
            takedown=Takedown.model_validate_json(takedown),
            receipt=Receipt.model_validate_json(receipt).model_copy(update={"recorded_at": at}),
            seq=int(seq),
        )
        for name, event, takedown, receipt, seq, at in rows
    ]


def _last(connection: Database) -> int:
    row = connection.execute(
        f"SELECT max(seq) FROM ledger.commits WHERE verb NOT IN ({_NO_REACH})"
    ).fetchone()
    return int(row[0] or 0) if row else 0


def _write_hits(
    store: Store, connection: Database, commit_id: uuid.UUID, revocation: str, where: str
) -> DataFile | None:
    writer = store.data_file_writer("revoked", commit_id)
    query = f"""
        SELECT {quote_literal(revocation)} AS revocation, record_id, digest_rest, hops
        FROM {HIT} WHERE {where} ORDER BY record_id"""
    try:
        for batch in connection.execute(query).to_arrow_reader(100_000):
            writer.write(batch)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise
