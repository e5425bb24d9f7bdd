"""Render a release as one HTML page: self-contained, without a script, ready to print."""

from __future__ import annotations

from provenance.content.web_page import Skip
from provenance.model.reports.facts import Facts
from provenance.reports.render import number, sections, wording
from provenance.reports.render.page import answers, day, report_page


def facts_html(facts: Facts) -> str:
    """Render the page; it loads nothing and holds every number of the JSON report."""
    parts = [section for section in sections.all_of(facts) if section.body]
    return report_page(
        "release.html",
        f"Release {facts.release}: {wording.VERDICTS[facts.verdict]}",
        parts,
        skip=Skip("budgets", "the budgets"),
        facts=facts,
        eyebrow="Release report",
        heading=facts.release,
        verdict=wording.OUTCOMES[facts.verdict],
        tally=wording.tally(facts.budgets),
        figures=_figures(facts),
        **answers(facts.share("bytes"), wording.synthetic(facts), wording.unknown(facts)),
    )


def _figures(facts: Facts) -> list[tuple[str, str]]:
    return [
        ("Records", number.count(facts.records)),
        ("Size", number.size(facts.totals["bytes"])),
        ("Words", number.count(facts.totals["words"])),
        ("Sources", number.count(facts.breakdown("source").groups)),
        ("Sealed", day(facts.created_at)),
    ]
