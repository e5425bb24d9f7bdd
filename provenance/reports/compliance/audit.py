"""Fill an audit by the actions on training data of NIST AI 600-1 from the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from provenance.model.finding import BudgetResult
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_audit import BudgetRow
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.reports.compliance import card, rows
from provenance.reports.compliance.fill import Draft
from provenance.reports.render import number, wording


def draft(evidence: ReleaseEvidence, _: Mapping[str, AnswerValue]) -> Draft:
    """Fill the audit; all of it is from the ledger."""
    return Draft(
        {
            "verdict": wording.OUTCOMES[evidence.verdict],
            "policy": evidence.policy,
            "proportion": rows.synthetic_statement(evidence),
            "shares": rows.share_rows(evidence),
            "budgets": tuple(_budget(result) for result in wording.worst_first(evidence.budgets)),
            "prevalence": rows.generator_rows(evidence.generators),
            "duplicates": card.repeats(evidence),
            "origin": rows.source_rows(evidence.sources),
            "assumptions": rows.unknown_rows(evidence),
            "lineage": rows.seed_rows(evidence),
            "inventory": (
                f"release {evidence.release}, sealed {evidence.created_at.isoformat()} by prov "
                f"{evidence.tool_version}; manifest body {evidence.body_digest}"
            ),
            "history": f"prov verify {evidence.release} compares every stored part and the "
            "manifest with what was recorded when they were written",
        }
    )


def _budget(result: BudgetResult) -> BudgetRow:
    numbers = number.figures(result)
    return BudgetRow(
        budget=result.name,
        group=wording.group(result) or None,
        verdict=wording.VERDICTS[result.verdict],
        at_least=numbers.lo,
        at_most=numbers.hi,
        limit=numbers.limit,
        reason=result.reason,
    )
