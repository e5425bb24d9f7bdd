"""Fill the reports that laws, venues and dataset hubs ask for: one form and one module each.

A report's form (``forms/NAME.yaml``) lists its fields and the questions for people; its module
fills the fields from the ledger; ``registry`` joins both. Every report is a function of a release's
evidence and of people's answers, so that the same release gives the same bytes.
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
