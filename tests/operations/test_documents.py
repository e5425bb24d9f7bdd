"""Policies and sources as YAML: what is read, and how a defect is shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from provenance.errors import MisuseError, PolicyError
from provenance.model.origin import Label
from provenance.operations.documents import MAX_BYTES, parse_policy, parse_sources

CASES = sorted((Path(__file__).parents[1] / "cases" / "policy").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_defect_is_one_clear_line(case: Path, update: bool) -> None:
    with pytest.raises(MisuseError) as caught:
        parse_policy((case / "policy.yaml").read_text(), "policy.yaml", attributes={"topic"})
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    shown = f"{caught.value.message}\n{caught.value.hint}".rstrip() + "\n"
    expected = case / "expected.txt"
    if update:
        expected.write_text(shown)
    assert shown == expected.read_text()


def test_policy_keeps_exact_decimals() -> None:
    policy = parse_policy(
        """\
# yaml-language-server: $schema=policy.json
policy: release-2026-11
unit: bytes
indeterminate: warn
budgets:
  - {name: overall, max_synthetic: 0.20}
  - {name: tiny, max_synthetic: 1e-2}
  - {name: long, max_synthetic: 0.1000000000000000055511151231257827}
  - {name: floor, min_human: 50_000, unit: records}
  - {name: language, by: [lang, topic], max_synthetic: .35}
  - {name: own, where: generator_family = 'ours', max_share: 0}
  - {name: kept, accumulate: release-2026-06}
""",
        "policy.yaml",
    )
    limits = [budget.max_synthetic for budget in policy.budgets[:3]]
    assert limits[0] == Decimal("0.20")
    assert str(limits[0]) == "0.20"
    assert limits[1] == Decimal("0.01")
    assert limits[2] == Decimal("0.1000000000000000055511151231257827")
    assert policy.budgets[3].min_human == 50_000
    assert policy.budgets[4].by == ("lang", "topic")
    assert policy.indeterminate == "warn"


def test_attributes_not_known_yet_may_be_named() -> None:
    text = "policy: p\nbudgets: [{name: a, where: topic = 'law', max_share: 0.1}]\n"
    assert parse_policy(text, "p.yaml").budgets[0].where == "topic = 'law'"
    with pytest.raises(MisuseError, match="topic"):
        parse_policy(text, "p.yaml", attributes=())


ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{last}'] * 10)}]\n"
    for last, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(ALIASES, id="aliases"),
        pytest.param("a: &a [*a]", id="recursive"),
        pytest.param("x" * (MAX_BYTES + 1), id="long"),
        pytest.param("policy: \x07", id="control"),
        pytest.param("a: 1\n---\nb: 2\n", id="two documents"),
        pytest.param("? [a, b]\n: 1\n", id="key is a list"),
    ],
)
def test_hostile_documents_are_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text, "policy.yaml")


@given(st.text(alphabet="policy:budgets \n-[]{}&*!'\"#|>0.1%\t", max_size=60))
def test_no_noise_is_a_policy(text: str) -> None:
    with pytest.raises(MisuseError, match=r"^policy\.yaml, line \d+: "):
        parse_policy(text, "policy.yaml")


def test_source_keeps_what_was_written() -> None:
    (source,) = parse_sources(
        """\
name: norsk-crawl
kind: crawl
label: human
licence: CC-BY-4.0
languages: [no, nn]
version: 1.0
collected_from: 2024
collected_to: 2024-06-30
received_on: 2024-07-01
owner:
""",
        "sources.yaml",
    )
    assert source.label is Label.HUMAN
    assert source.languages == ("no", "nn")
    assert source.version == "1.0"
    assert (source.collected_from, source.collected_to) == ("2024", "2024-06-30")
    assert str(source.received_on) == "2024-07-01"
    assert source.owner is None


@pytest.mark.parametrize("text", ["- name: a\n- name: b\n", "sources:\n- name: a\n- name: b\n"])
def test_sources_come_as_a_list_too(text: str) -> None:
    assert [source.name for source in parse_sources(text, "s.yaml")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- name: a\n- name: b\n  lable: human\n", "line 3: [1].lable: there is no such key"),
        ("name: a\nlabel: humna\n", "line 2: label: 'humna' is not one of human, synthetic"),
        ("name: a/b\n", "line 1: name: a name holds no quotes"),
        ("- name: a\n- name: a\n", "line 2: [1].name: the source 'a' is declared twice"),
        ("sources: []\n", "line 1: sources: it holds no sources"),
        ("just text\n", "line 1: a source is a mapping, not a single value"),
        ("kind: crawl\n", "line 1: name: it is missing"),
        ("name: a\nlabel: human\ngenerator: g\n", "line 1: a human source has no generator"),
        ("name: a\ncollected_from: soon\n", "line 2: collected_from: 'soon' should be"),
    ],
)
def test_source_defects_name_their_place(text: str, shown: str) -> None:
    with pytest.raises(MisuseError) as caught:
        parse_sources(text, "s.yaml")
    assert caught.value.message.startswith(f"s.yaml, {shown}")
