"""The pages as a browser shows them: nothing that a checker of accessibility calls serious."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.evidences import EVIDENCE
from support.reported import answered
from support.small_release import FINDINGS, MEMBERS, SOURCES, manifest_over

from provenance.model.reports.facts import Facts
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.operations.reporting.folder import INDEX, report_index
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS
from provenance.reports.facts import facts
from provenance.reports.render import index_html, render

READ = [name for name, report in REPORTS.items() if "html" in report.layouts]
PAGES = (INDEX, "release.html", "answered.html", *(f"{name}.html" for name in READ))


def release_facts() -> Facts:
    with duckdb.connect() as connection:
        connection.execute(MEMBERS)
        manifest = manifest_over(connection)
        return facts(connection, "members", manifest=manifest, sources=SOURCES, findings=FINDINGS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page, each report without an answer, and one with every answer."""
    folder = tmp_path_factory.mktemp("pages")
    filled = {name: compliance.filled(report, EVIDENCE) for name, report in REPORTS.items()}
    for name in READ:
        (folder / f"{name}.html").write_text(str(render_report(filled[name], "html")), "utf-8")
    eu = REPORTS["eu-art53"]
    text = answered(compliance.questionnaire(eu, EVIDENCE), "eu-art53")
    given = parse_answers(text, "answers.yaml", eu.form.kinds())
    whole = render_report(compliance.filled(eu, EVIDENCE, given), "html")
    (folder / "answered.html").write_text(str(whole), "utf-8")
    found = release_facts()
    (folder / "release.html").write_text(render(found, "html"), "utf-8")
    (folder / INDEX).write_text(index_html(report_index(found, list(filled.values()))), "utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as the system has it; the driver's own download is not needed."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed", exc_type=ImportError
    )
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no browser here: install chromium")
    with driver.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def faults(page: Any, **options: Any) -> list[str]:
    """What axe calls serious or critical, with the first place of each."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = axe.Axe().run(page, options={"resultTypes": ["violations"], **options})
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}: {one['nodes'][0]['failureSummary']}"
        for one in found.response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(browser: Any, folder: Path, name: str) -> None:
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / name).as_uri())
    assert faults(page) == []
    assert (
        page.locator("header").evaluate(
            "it => it.offsetTop + parseFloat(getComputedStyle(it).paddingTop)"
        )
        > 30
    )
    page.emulate_media(color_scheme="dark")
    assert faults(page, runOnly=["color-contrast"]) == []
    # On a telephone nothing is wider than the screen but tables, which scroll in their region.
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert asked == [(folder / name).as_uri()]


def test_the_checker_finds_what_is_wrong(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / INDEX).as_uri())
    page.evaluate("document.querySelector('h1').style.color = '#eeeeee'")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert {one.split(":")[0] for one in faults(page)} >= {"color-contrast", "html-has-lang"}
    page.close()


def test_the_index_leads_to_the_reports(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / INDEX).as_uri())
    page.get_by_role("link", name="Public summary of training content, HTML").click()
    assert page.url == (folder / "eu-art53.html").as_uri()
    assert page.get_by_role("heading", level=1).inner_text() == "Public summary of training content"
    page.close()
