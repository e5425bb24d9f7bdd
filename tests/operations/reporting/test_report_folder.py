"""Every report of a release in one folder: whole, agreeing, with a page that leads to each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import thirds
from support.report_pages import Page
from support.reported import ANYTHING, answered

from provenance.errors import GateError, MisuseError, NotFoundError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.reports.answers import Answers
from provenance.model.reports.report_index import ReportIndex
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.folder import SUFFIXES, write_questionnaires
from provenance.reports.compliance import REPORTS
from provenance.reports.render import index_html


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = thirds(tmp_path_factory.mktemp("thirds"))
    ledger.assemble("first", ANYTHING, Selection(weights={"h": 2}))
    return ledger


@pytest.fixture(scope="module")
def written(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportIndex, Path]:
    folder = tmp_path_factory.mktemp("reports") / "all"
    return ledger.write_reports("first", folder), folder


@pytest.fixture(scope="module")
def given(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """Every question of every report, answered."""
    folder = tmp_path_factory.mktemp("questions") / "q"
    names = write_questionnaires(ledger.store, "first", folder)
    return {
        Path(name).stem: parse_answers(
            answered((folder / name).read_text("utf-8"), Path(name).stem),
            name,
            REPORTS[Path(name).stem].form.kinds(),
        )
        for name in names
    }


@pytest.mark.slow
def test_every_report_is_there_in_every_layout(written: tuple[ReportIndex, Path]) -> None:
    index, folder = written
    expected = {
        f"{name}{SUFFIXES[layout]}" for name, one in REPORTS.items() for layout in one.layouts
    }
    expected |= {"index.html", "release.html", "release.md", "release.json"}
    assert {path.name for path in folder.iterdir()} == expected
    assert all(path.stat().st_size for path in folder.iterdir())
    assert {name for one in index.reports for name in one.files} == expected - {"index.html"}


def test_every_form_says_what_it_is_and_for_whom() -> None:
    bare = [name for name, one in REPORTS.items() if not (one.form.about and one.form.readers)]
    assert bare == []


def test_the_page_leads_to_every_file_and_nowhere_else(written: tuple[ReportIndex, Path]) -> None:
    index, folder = written
    page = Page((folder / "index.html").read_text("utf-8"))
    links = [one["href"] or "" for one in page.all("a")]
    files = [link for link in links if not link.startswith("#")]
    assert sorted(files) == sorted(name for one in index.reports for name in one.files)
    anchors = {one.get("id") for _, one in page.elements}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors


def test_the_page_says_of_each_report_what_for_whom_and_what_is_missing(
    written: tuple[ReportIndex, Path],
) -> None:
    index, folder = written
    page = Page((folder / "index.html").read_text("utf-8"))
    rows = {row[0]: row for row in page.tables["Reports in this folder"][1:]}
    for one in index.reports:
        (row,) = [cells for name, cells in rows.items() if name.startswith(one.title)]
        assert one.about in row[0]
        assert one.readers == row[1]
        if one.asked:
            assert f"{len(one.not_provided)} of {one.asked} not provided" in row[2]
    asked = dict(page.tables["Questions without an answer"][1:])
    told = asked["Public summary of training content"]
    assert "legal: Version of the Summary; Provider name and contact details; " in told
    assert index.missing == sum(len(one.not_provided) for one in index.reports) > 0


def test_numbers_agree_with_a_query(written: tuple[ReportIndex, Path], ledger: Ledger) -> None:
    index, _ = written
    (row,) = ledger.query("""
        SELECT sum(weight * lo_bytes)::BIGINT AS lo, sum(weight * hi_bytes)::BIGINT AS hi,
            sum(weight * bytes)::BIGINT AS size, count(*) AS records,
            sum(weight) FILTER (label = 'unknown')::BIGINT AS unknown
        FROM members WHERE release = 'first'""").to_pylist()
    assert (index.share.lo, index.share.hi, index.share.size) == (row["lo"], row["hi"], row["size"])
    assert (index.records, index.unknown_records) == (row["records"], row["unknown"])


def files_of(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_answers_are_taken_and_the_same_release_gives_the_same_bytes(
    ledger: Ledger, given: dict[str, Answers], tmp_path: Path
) -> None:
    one, other = (
        ledger.write_reports("first", tmp_path / name, given, strict=True) for name in "ab"
    )
    assert (one.missing, one) == (0, other)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    page = Page((tmp_path / "a" / "index.html").read_text("utf-8"))
    assert "Questions without an answer" not in page.tables
    assert "Every question is answered" in " ".join(page.text)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"strict": True}, GateError),
        ({"answers": {"ab2013": Answers(report="eu-art53")}}, MisuseError),
        ({"answers": {"magic": Answers(report="magic")}}, MisuseError),
        ({"export_dir": Path("/nowhere")}, NotFoundError),
    ],
)
def test_an_error_leaves_nothing(
    ledger: Ledger, tmp_path: Path, how: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ledger.write_reports("first", tmp_path / "all", **how)
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_is_not_there_leaves_nothing(ledger: Ledger, tmp_path: Path) -> None:
    for write in (ledger.write_reports, lambda *to: write_questionnaires(ledger.store, *to)):
        with pytest.raises(NotFoundError):
            write("none", tmp_path / "all")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", "utf-8")
    with pytest.raises(MisuseError, match="not an empty folder"):
        ledger.write_reports("first", tmp_path)
    with pytest.raises(MisuseError, match="not an empty folder"):
        ledger.write_reports("first", tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(
    written: tuple[ReportIndex, Path], ledger: Ledger, tmp_path: Path
) -> None:
    assert write_questionnaires(ledger.store, "first", tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".yaml"}
    assert {path.stem for path in tmp_path.iterdir()} == {
        one.report for one in written[0].reports if one.asked
    }


def test_hostile_text_stays_text(written: tuple[ReportIndex, Path]) -> None:
    evil = "<script>alert(1)</script>"
    entry = written[0].reports[1].model_copy(update={"title": evil, "warnings": (evil,)})
    page = Page(index_html(written[0].model_copy(update={"reports": (entry,)})))
    assert "script" not in {name for name, _ in page.elements}
    assert f"{entry.report}: {evil}" in " ".join(page.text)


def test_the_index_keeps_its_schema(written: tuple[ReportIndex, Path]) -> None:
    import jsonschema

    from provenance.model.schemas import schemas

    document = json.loads(written[0].model_dump_json())
    jsonschema.Draft202012Validator(schemas()["report-index"]).validate(document)


def test_files_are_named_from_the_folder_of_the_reports(ledger: Ledger, tmp_path: Path) -> None:
    exported = ledger.export("first", tmp_path / "export", "jsonl")
    ledger.write_reports("first", tmp_path / "here" / "reports", export_dir=tmp_path / "export")
    document = json.loads((tmp_path / "here" / "reports" / "croissant.json").read_text("utf-8"))
    (data,) = [one for one in document["distribution"] if one["name"].startswith("data")]
    place = (tmp_path / "here" / "reports" / data["contentUrl"]).resolve()
    assert place == (tmp_path / "export" / exported.files[0].path).resolve()
