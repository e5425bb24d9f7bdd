"""The documents are true: their sessions run, their links hold, and no command is left out."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sessions import Exchange, Session, agrees, carry_out, exchanges

from prov_cli.main import COMMANDS
from provenance.model.policy import RULES
from provenance.operations.documents import parse_policy, parse_sources
from provenance.reports.compliance import REPORTS
from provenance.reports.render import FACTS_FORMATS, JUDGEMENT_FORMATS
from provenance.views.definitions import PUBLIC_VIEWS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
WRITTEN = [page for page in PAGES if page.name != "cli.md"]

ALONE = [DOCS / "tutorial.md"]
"""Pages that start from nothing."""

AFTER_THE_DEMO = [ROOT / "README.md", *sorted((DOCS / "guide").glob("*.md"))]
"""Pages whose reader sits in the folder that `prov demo` made."""


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def demo() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="p") as place:
        answer = Session(Path(place)).run("prov demo --no-open -q --to work")
        folder = Path(place) / "work"
        assert (folder / "report.html").is_file(), answer
        yield folder


@pytest.fixture
def here() -> Iterator[Path]:
    """A folder with a path about as long as the one that the pages show: tables depend on it."""
    with tempfile.TemporaryDirectory(prefix="p") as place:
        yield Path(place) / "work"


def hold(page: Path, session: Session, *, update: bool) -> None:
    """Carry out a page and compare; with ``--update``, correct what it shows."""
    text = page.read_text(encoding="utf-8")
    wrong = [
        (exchange, real)
        for exchange, real in carry_out(text, session)
        if not agrees(exchange.shown, real)
    ]
    if update and wrong:
        for exchange, real in wrong:
            text = corrected(text, exchange, real)
        page.write_text(text, encoding="utf-8")
        return
    told = "\n\n".join(
        f"$ {exchange.command}\n--- shown\n{exchange.shown}\n--- real\n{real}"
        for exchange, real in wrong
    )
    assert not wrong, f"{page_name(page)}:\n{told}"


def corrected(text: str, exchange: Exchange, real: str) -> str:
    """The page with the real answer in the place of the one that it shows."""
    for lead in (
        f"$ {exchange.command.replace(chr(10), chr(10) + '> ')}\n",
        f"{exchange.command}```\n\n```text\n",
    ):
        shown = f"{exchange.shown}\n" if exchange.shown else ""
        if lead + shown in text:
            return text.replace(lead + shown, lead + real.rstrip("\n") + "\n", 1)
    raise AssertionError(f"{exchange.command!r} stands nowhere in the page")


@pytest.mark.slow
@pytest.mark.parametrize("page", ALONE, ids=page_name)
def test_a_page_that_starts_from_nothing(page: Path, here: Path, *, update: bool) -> None:
    here.mkdir()
    hold(page, Session(here), update=update)


@pytest.mark.slow
@pytest.mark.parametrize("page", AFTER_THE_DEMO, ids=page_name)
def test_a_page_that_follows_the_demo(page: Path, demo: Path, here: Path, *, update: bool) -> None:
    shutil.copytree(demo, here)
    hold(page, Session(here, demo), update=update)


def test_a_session_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    session = Session(tmp_path)
    page = "```console\n$ echo one; echo two\none\n...\n$ echo 12 s\n... s\n```\n"
    assert all(agrees(exchange.shown, real) for exchange, real in carry_out(page, session))
    page = page.replace("one\n...", "three\n...")
    assert [agrees(e.shown, real) for e, real in carry_out(page, session)] == [False, True]


def test_commands_and_answers_are_told_apart() -> None:
    body = "$ cat <<'END'\n> one\n> END\none\n$ true\n"
    assert exchanges(body) == [Exchange("cat <<'END'\none\nEND", "one"), Exchange("true", "")]


LINK = re.compile(
    r"\[[^\]]*\]\((?!https?://|mailto:)(?P<target>[^)\s]+)\)|<img[^>]* src=\"(?P<image>[^\"]+)\""
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchor(heading: str) -> str:
    """The anchor that a heading gets on the usual forges."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def lost_links(page: Path) -> Iterator[str]:
    """Links of a page that lead nowhere."""
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = link["target"] or link["image"]
        path, _, place = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{page_name(page)}: {target}"
        elif place and file.suffix == ".md":
            headings = HEADING.findall(file.read_text(encoding="utf-8"))
            if place not in map(anchor, headings):
                yield f"{page_name(page)}: {target}"


def test_every_link_leads_somewhere() -> None:
    assert not [link for page in PAGES for link in lost_links(page)]


def test_every_page_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        here = waiting.pop()
        if here in seen or not here.is_file():
            continue
        seen.add(here)
        for link in LINK.finditer(here.read_text(encoding="utf-8")):
            path = (link["target"] or "").partition("#")[0]
            if path.endswith(".md"):
                waiting.append((here.parent / path).resolve())
    assert not [page_name(page) for page in PAGES if page.parent != ROOT and page not in seen]


def prose() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in WRITTEN)


def test_commands_rules_and_formats_are_documented() -> None:
    text = prose()
    forms = {*FACTS_FORMATS, *JUDGEMENT_FORMATS, *REPORTS}
    lacking = [f"prov {name}" for name in COMMANDS if f"prov {name}" not in text]
    lacking += [rule for rule in RULES if f"{rule}:" not in text]
    lacking += [form for form in forms if not re.search(rf"\b{form}\b", text, re.IGNORECASE)]
    assert not lacking, "no page but the reference speaks of these"


def test_every_view_is_documented() -> None:
    page = (DOCS / "guide" / "query-in-sql.md").read_text(encoding="utf-8")
    assert not [view for view in PUBLIC_VIEWS if f"`{view}`" not in page]


def test_the_examples_are_what_they_seem() -> None:
    policies = sorted((ROOT / "examples").glob("*policy*.yaml"))
    assert policies
    for path in policies:
        assert parse_policy(path.read_text(encoding="utf-8"), path.name).budgets
    sources = ROOT / "examples" / "sources.yaml"
    assert parse_sources(sources.read_text(encoding="utf-8"), sources.name)
