"""Assemble releases: select, judge, and seal what keeps its budgets; a plan, then its execution."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field

from provenance.errors import MisuseError
from provenance.model.base import Contract, quote_identifier, quote_literal
from provenance.model.finding import BudgetResult, Finding, Verdict
from provenance.model.manifest import Body, Manifest, Selection
from provenance.model.policy import Policy
from provenance.operations.judging.dropped_records import dropped_upstream
from provenance.operations.judging.findings import ledger_findings
from provenance.operations.judging.lineage_findings import ambiguous_parents
from provenance.operations.members.relation import MEMBERS, attribute_names, keep_members
from provenance.operations.members.selection import coded_members, select_members
from provenance.operations.members.self_consumption import descent_findings, models_asked
from provenance.operations.members.token_counts import count_tokens
from provenance.operations.releases.seal import members_digest, write_members
from provenance.policy import evaluate
from provenance.policy.fit import fit
from provenance.store.connection import Database
from provenance.store.ledger_store import Store, tool_version
from provenance.store.renamed_ids import FORMER_IDS

_TAKEN = "set_taken"


class LeftOut(Contract):
    """Records that ``--fit`` had to leave out, and the budget that asked for it."""

    budget: str
    group: dict[str, str | None] | None = None
    records: int
    size: int
    reason: str


class AssemblyPlan(Contract):
    """What an assembly takes and why; ``sealed`` says whether it became a release."""

    release: str
    verdict: Verdict
    budgets: tuple[BudgetResult, ...]
    findings: tuple[Finding, ...] = ()
    records: int
    totals: dict[str, int]
    labels: dict[str, int]
    sources: dict[str, int]
    splits: dict[str, int]
    candidates: int = Field(description="Records that the selection offered.")
    revoked: int = Field(default=0, description="Records left out because they are revoked.")
    left_out: tuple[LeftOut, ...] = ()
    bound: float | None = Field(default=None, description="No set that passes can be larger.")
    sealed: bool = False
    unchanged: bool = False
    body_digest: str | None = None
    seed: int = 0


def assemble(
    store: Store,
    name: str,
    policy: Policy,
    selection: Selection,
    *,
    folder: Path | None = None,
    dry_run: bool = False,
) -> AssemblyPlan:
    """Make a release of what a selection takes, if it keeps its budgets.

    Args:
        name: what the release is called; a release is immutable.
        folder: where the policy's tokenizer path starts from.
        dry_run: only say what would be done.

    Raises:
        MisuseError: the name is taken by another set, or the selection is empty.
        NotFoundError, ConditionError: the selection names what is not there.
    """
    with store.snapshot() as connection:
        models = models_asked(policy, selection.where)
        revoked = select_members(connection, selection, models)
        names = attribute_names(connection)
        count_tokens(connection, policy, folder)
        anchors = make_anchors(connection, policy)
        known: dict[str, object] = {"release": name, "seed": selection.seed, "revoked": revoked}
        known["candidates"] = _count(connection)
        if selection.fit:
            known |= _fit(connection, policy, selection.seed, names, anchors)
        if _count(connection) == 0:
            plan = _nothing(known)
        else:
            results = evaluate.judge(connection, MEMBERS, policy, attributes=names, anchors=anchors)
            known["findings"] = (
                *descent_findings(connection, MEMBERS, models_asked(policy)),
                *ledger_findings(connection),
                *dropped_upstream(connection),
                *ambiguous_parents(connection, MEMBERS),
            )
            plan = _plan(connection, policy, results, known)
        if dry_run or evaluate.blocks(plan.verdict, policy):
            return plan
        return _seal(store, connection, plan, policy, selection)


def make_anchors(connection: Database, policy: Policy) -> dict[str, str]:
    """Relations of the records that ``accumulate`` budgets require, by name of the release.

    Required are the members that were human when sealed, still are, and are not revoked; the others
    are excused.
    """
    anchors: dict[str, str] = {}
    for rule in policy.budgets:
        release = rule.accumulate
        if release is None or release in anchors:
            continue
        if not connection.execute("SELECT 1 FROM releases WHERE name = ?", [release]).fetchall():
            raise MisuseError(
                f"budget `{rule.name}` accumulates release `{release}`, which is not in the ledger"
            )
        relation = f"anchor_{len(anchors)}"
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE {relation} AS
            SELECT coalesce(o.record_id, m.record_id) AS record_id,
                coalesce(m.label = 'human' AND o.label = 'human', false)
                AND m.record_id NOT IN (SELECT record_id FROM revoked) AS required
            FROM members m LEFT JOIN ({FORMER_IDS}) n ON n.former_id = m.record_id
            LEFT JOIN origins o ON o.record_id = coalesce(n.record_id, m.record_id)
            WHERE m.release = {quote_literal(release)} AND m.label = 'human'""")
        anchors[release] = relation
    return anchors


def _count(connection: Database) -> int:
    row = connection.execute(f"SELECT count(*) FROM {MEMBERS}").fetchone()
    return int(row[0]) if row else 0


def _fit(
    connection: Database,
    policy: Policy,
    seed: int,
    names: frozenset[str],
    anchors: dict[str, str],
) -> dict[str, object]:
    fitted = fit(
        connection, MEMBERS, policy, seed=seed, attributes=names, anchors=anchors, into=_TAKEN
    )
    keep_members(connection, _TAKEN)
    return {
        "bound": float(fitted.bound),
        "left_out": tuple(
            LeftOut(
                budget=item.budget,
                group=dict(item.group) if item.group else None,
                records=item.records,
                size=item.size,
                reason=item.reason,
            )
            for item in fitted.left_out
        ),
    }


def _nothing(known: dict[str, object]) -> AssemblyPlan:
    """The plan when no record is left: misuse where none was offered, else a failure."""
    if known["candidates"] == 0:
        raise MisuseError(
            f"the selection for `{known['release']}` takes no record",
            hint="look at `prov status`, and at --source and --where",
        )
    return AssemblyPlan.model_validate(
        {
            **known,
            "verdict": Verdict.FAIL,
            "budgets": (),
            "records": 0,
            "totals": {},
            "labels": {},
            "sources": {},
            "splits": {},
        }
    )


def _plan(
    connection: Database,
    policy: Policy,
    results: tuple[BudgetResult, ...],
    known: dict[str, object],
) -> AssemblyPlan:
    units = ("records", "bytes", "chars", "words") + (
        ("tokens",) if "tokens" in policy.units else ()
    )
    sums = connection.execute(
        f"SELECT {', '.join(f'sum(weight * {unit})' for unit in units)} FROM {MEMBERS}"
    ).fetchone()
    return AssemblyPlan.model_validate(
        {
            **known,
            "verdict": evaluate.overall(results),
            "budgets": results,
            "records": _count(connection),
            "totals": {unit: int(total) for unit, total in zip(units, sums or (), strict=True)},
            "labels": _tally(connection, "label"),
            "sources": _tally(connection, "source"),
            "splits": _tally(connection, "split"),
        }
    )


def _tally(connection: Database, column: str) -> dict[str, int]:
    named = quote_identifier(column)
    rows = connection.execute(
        f"SELECT {named}, count(*) FROM {MEMBERS} WHERE {named} IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {str(key): int(count) for key, count in rows}


def _seal(
    store: Store, connection: Database, plan: AssemblyPlan, policy: Policy, selection: Selection
) -> AssemblyPlan:
    members = coded_members(connection)
    before = connection.execute(
        "SELECT body_digest FROM releases WHERE name = ?", [plan.release]
    ).fetchone()
    if before is not None:
        body_digest = _body(plan, policy, selection, members_digest(connection, members)).digest()
        if before[0] == body_digest:
            return plan.model_copy(
                update={"sealed": True, "unchanged": True, "body_digest": body_digest}
            )
        raise MisuseError(
            f"release `{plan.release}` exists and holds another set",
            hint="a release is immutable: choose another name",
        )
    commit_id = uuid.uuid4()
    last = connection.execute("SELECT max(seq) FROM commits").fetchone()
    part, digest = write_members(store, connection, plan.release, members, commit_id)
    body = _body(plan, policy, selection, digest)
    manifest = Manifest(
        body=body,
        body_digest=body.digest(),
        created_at=datetime.now(UTC),
        tool_version=tool_version(),
        ledger_sequence=int(last[0]) if last else 0,
    )
    row: dict[str, object] = {
        "name": plan.release,
        "body_digest": manifest.body_digest,
        "manifest": manifest.model_dump_json(),
    }
    head = store.rows("releases", commit_id, [row])
    store.commit("assemble", f"release:{plan.release}", [part, head], commit_id)
    return plan.model_copy(update={"sealed": True, "body_digest": manifest.body_digest})


def _body(plan: AssemblyPlan, policy: Policy, selection: Selection, members: str) -> Body:
    return Body(
        release=plan.release,
        selection=selection,
        policy=policy,
        verdict=plan.verdict,
        budgets=plan.budgets,
        records=plan.records,
        totals=plan.totals,
        labels=plan.labels,
        members_digest=members,
    )
