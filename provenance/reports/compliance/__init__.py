"""Reports that laws, venues and hubs ask for: one form and one module each, one registry.

A report's form (``forms/NAME.yaml``) lists its fields and what is asked of people; its module says
what the ledger knows of them; ``registry`` puts both together. Everything here is a function of a
release's evidence and of answers, so that the same release gives the same bytes.
"""

from provenance.reports.compliance.compare import compare
from provenance.reports.compliance.document import disclosure
from provenance.reports.compliance.fill import Filled
from provenance.reports.compliance.lint import Gap, lint_sources
from provenance.reports.compliance.questionnaire import questionnaire
from provenance.reports.compliance.registry import REPORTS, Report, filled, report_of
from provenance.reports.compliance.supporting_evidence import Registered, release_evidence

__all__ = [
    "REPORTS",
    "Filled",
    "Gap",
    "Registered",
    "Report",
    "compare",
    "disclosure",
    "filled",
    "lint_sources",
    "questionnaire",
    "release_evidence",
    "report_of",
]
