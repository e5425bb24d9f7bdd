"""The command ``prov assemble``: select records, check the budgets and seal a release."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prov_cli.options import Session, command, contract, pairs
from prov_cli.tables import cell, table

if TYPE_CHECKING:
    from provenance import AssemblyPlan, Finding


@command("assemble")
@click.argument("name")
@click.option("--policy", "policy_file", required=True, type=click.Path(), help="Policy file.")
@click.option(
    "--source", "sources", multiple=True, metavar="S", help="Only records of this source."
)
@click.option("--where", metavar="EXPR", help="Only records that satisfy this condition.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="S=W",
    help="Repeat the records of source S W times.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME=P",
    help="Split the set; the shares P are decimals that sum to 1.",
)
@click.option(
    "--split-by",
    default="record",
    show_default=True,
    metavar="record|norm_id|FIELD",
    help="Keep records with the same value in one split.",
)
@click.option(
    "--fit", is_flag=True, help="Leave out as few records as needed to satisfy the budgets."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed for sampling and splits."
)
@click.option("--dry-run", is_flag=True, help="Show what would be selected, without sealing.")
def assemble(
    session: Session,
    name: str,
    policy_file: str,
    weights: Any,
    splits: Any,
    dry_run: bool,
    **given: Any,
) -> None:
    """Select records, check them against the policy and seal them as release NAME.

    Nothing is sealed if a budget is exceeded.
    """
    from provenance import Selection, load_policy

    policy = load_policy(Path(policy_file))
    selection = contract(
        lambda: Selection(
            **given, weights=pairs(weights, "--weight"), splits=pairs(splits, "--split")
        ),
        "assemble",
    )
    plan = session.ledger().assemble(
        name, policy, selection, policy_dir=Path(policy_file).parent, dry_run=dry_run
    )
    session.answer(plan, lambda: plan_text(plan, dry_run))
    leave_with(plan.verdict.value, policy.indeterminate)


def leave_with(verdict: str, indeterminate: str) -> None:
    """Exit with the code of a verdict."""
    codes = {"pass": 0, "fail": 1, "indeterminate": 0 if indeterminate == "warn" else 3}
    if codes[verdict]:
        raise click.exceptions.Exit(codes[verdict])


_SHOWN = 5
"""Most findings of one kind that are printed; ``--json`` has more of them."""


def _first_findings(plan: AssemblyPlan) -> tuple[Finding, ...]:
    """Take the first findings of each kind, and add how many more there are."""
    from provenance import Finding

    counted: Counter[str] = Counter()
    first = []
    for found in plan.findings:
        counted[found.code] += 1
        if counted[found.code] <= _SHOWN:
            first.append(found)
    first += [
        Finding(
            code=code,
            severity="note",
            subject="the set",
            reason=f"{count - _SHOWN:,} more findings of this kind are not printed",
            remedy="`prov assemble … --json` and `prov audit` list them",
        )
        for code, count in counted.items()
        if count > _SHOWN
    ]
    return tuple(first)


def plan_text(plan: AssemblyPlan, dry_run: bool) -> str:
    """Format an assembly plan as text."""
    from provenance import Judgement, render

    lines = []
    if plan.budgets:
        judged = Judgement(
            verdict=plan.verdict, budgets=plan.budgets, findings=_first_findings(plan)
        )
        lines.append(render(judged, "text").rstrip("\n"))
    else:
        lines.append("verdict: fail: no selection satisfies the budgets; every record was left out")
    share = f" of {plan.candidates:,} selected" if plan.candidates != plan.records else ""
    lines += ["", f"{plan.records:,} records{share}"]
    if plan.revoked:
        lines.append(f"left out as revoked: {plan.revoked:,} records")
    for title, counted in (
        ("sources", plan.sources),
        ("labels", plan.labels),
        ("splits", plan.splits),
    ):
        if counted:
            lines.append(f"{title}: " + ", ".join(f"{cell(n)} {key}" for key, n in counted.items()))
    if plan.left_out:
        lines += [
            "",
            "left out:",
            table(
                ("budget", "group", "records", "size", "reason"),
                [
                    (
                        item.budget,
                        ", ".join(f"{k}={v}" for k, v in (item.group or {}).items()),
                        item.records,
                        item.size,
                        item.reason,
                    )
                    for item in plan.left_out
                ],
            ),
        ]
    lines.append("")
    if plan.sealed:
        known = " (already sealed, unchanged)" if plan.unchanged else ""
        lines.append(f"release {plan.release} is sealed: {plan.body_digest}{known}")
    elif dry_run:
        lines.append("dry run: nothing was sealed")
    else:
        lines.append(f"release {plan.release} was not sealed")
    return "\n".join(lines)
