"""Assemble a release: select members, judge the budgets, and seal the set if they hold."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field

from provenance.errors import MisuseError
from provenance.model.base import Contract, quote_identifier
from provenance.model.finding import BudgetResult, Finding, Verdict
from provenance.model.manifest import Body, Manifest, Selection
from provenance.model.policy import Policy
from provenance.operations.judging.anchors import make_anchors
from provenance.operations.judging.dropped_file_findings import dropped_upstream
from provenance.operations.judging.lineage_findings import ambiguous_parents
from provenance.operations.judging.origin_findings import ledger_findings
from provenance.operations.members.relation import MEMBERS, attribute_names, keep_members
from provenance.operations.members.selection import coded_members, select_members
from provenance.operations.members.self_consumption import descent_findings, models_asked
from provenance.operations.members.token_counts import count_tokens
from provenance.operations.releases.seal import members_digest, write_members
from provenance.policy import evaluate
from provenance.policy.fit import fit
from provenance.store.commits import Verb
from provenance.store.connection import Database
from provenance.store.ledger_store import Store, tool_version

_TAKEN = "set_taken"


class LeftOut(Contract):
    """Records that ``--fit`` left out, and the budget that required it."""

    budget: str
    group: dict[str, str | None] | None = None
    records: int
    size: int
    reason: str


class AssemblyPlan(Contract):
    """The selected set and its verdict; ``sealed``: whether it became a release."""

    release: str
    verdict: Verdict
    budgets: tuple[BudgetResult, ...]
    findings: tuple[Finding, ...] = ()
    records: int
    totals: dict[str, int]
    labels: dict[str, int]
    sources: dict[str, int]
    splits: dict[str, int]
    candidates: int = Field(description="Records that the selection matched.")
    revoked: int = Field(default=0, description="Records left out because they are revoked.")
    left_out: tuple[LeftOut, ...] = ()
    bound: float | None = Field(
        default=None, description="Upper bound of the size of any set that passes."
    )
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
    """Select records, judge them, and seal them as a release if the policy allows it.

    Args:
        name: name of the release, which is immutable.
        folder: base of a relative tokenizer path in the policy.
        dry_run: return the plan without sealing.

    Raises:
        MisuseError: the release exists with other members, or the selection is empty.
        NotFoundError, ConditionError: the selection names an unknown source or column.
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
    """Make the plan of an empty set: misuse if nothing was selected, else a failure."""
    if known["candidates"] == 0:
        raise MisuseError(
            f"the selection for `{known['release']}` matches no record",
            hint="check --source and --where; `prov status` shows what the ledger holds",
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
            f"release `{plan.release}` already exists with different members or policy (sealed as "
            f"{before[0]}, this selection: {body_digest})",
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
    store.commit(Verb.ASSEMBLE, f"release:{plan.release}", [part, head], commit_id)
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
