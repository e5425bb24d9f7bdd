"""Reports that laws, venues and hubs ask for: one form and one module each, one registry.

A report's form (``forms/NAME.yaml``) lists its fields and what is asked of people; its module says
what the ledger knows of them; ``registry`` puts both together. Everything here is a function of a
release's evidence and of answers, so that the same release gives the same bytes.
"""

from provenance.compliance.compare import compare
from provenance.compliance.document import disclosure
from provenance.compliance.evidence import Registered, release_evidence
from provenance.compliance.fill import Filled
from provenance.compliance.lint import Gap, lint_sources
from provenance.compliance.questionnaire import questionnaire
from provenance.compliance.registry import REPORTS, Report, filled, report_of

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
