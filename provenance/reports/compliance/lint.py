"""Find members that contracts of sources leave out and that reports need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from provenance.model.base import Contract
from provenance.model.origin import Label
from provenance.model.source import Source
from provenance.reports.compliance.rows import month


class Gap(Contract):
    """A member that a contract leaves out."""

    source: str
    member: str
    reports: tuple[str, ...]
    reason: str


def _always(source: Source) -> bool:
    return True


def _crawled(source: Source) -> bool:
    return source.section == "2.3"


def _made(source: Source) -> bool:
    return source.label in {Label.SYNTHETIC, Label.MIXED} or source.kind == "synthetic"


def _known_model(source: Source) -> bool:
    return _made(source) and source.generator is not None


def _collected(source: Source) -> bool:
    """Whether a source was collected over a period; what a model made was not."""
    return source.section != "2.5"


class Requirement(NamedTuple):
    """A member that some reports need of some sources."""

    member: str
    reports: tuple[str, ...]
    reason: str
    applies: Callable[[Source], bool] = _always


EU, AB, CR, HF, DPS, DS = "eu-art53", "ab2013", "croissant", "hf-card", "dps", "datasheet"

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement("owner", (AB, CR, DPS), "item 1 lists owners"),
    Requirement("purpose", (AB, HF, DPS, DS), "item 2 says how the data further the purpose"),
    Requirement(
        "content_types", (EU, AB, DS), "1.3 and item 4 say what types of content there are"
    ),
    Requirement("description", (EU, CR, DPS, DS), "section 2 describes what is not listed by name"),
    Requirement(
        "languages",
        (EU, CR, HF),
        "1.3 says which languages there are",
        lambda one: one.kind != "other",
    ),
    Requirement("regions", (EU, DPS), "1.3 says which regions the data are from"),
    Requirement("licence", (AB, CR, HF, DS), "items 5 and 6 rest on it"),
    Requirement(
        "url", (EU, CR, HF, DPS), "2.1 links to public datasets", lambda one: one.section == "2.1"
    ),
    Requirement(
        "publicly_known", (EU,), "2.2.2 lists those known", lambda one: one.section == "2.2.2"
    ),
    Requirement(
        "collected_from",
        (EU, AB, CR, DPS, DS),
        "2.3 and item 10 give the period, by month",
        _collected,
    ),
    Requirement(
        "collected_to", (EU, AB, CR, DPS, DS), "1.3 and item 10 give the last month of collection"
    ),
    Requirement("ongoing", (AB,), "item 10 says whether collection goes on"),
    Requirement("first_used", (AB,), "item 11 gives the dates of first use"),
    Requirement("copyrighted", (AB, DPS, DS), "item 5 asks for copyright"),
    Requirement("trademarked", (AB, DPS, DS), "item 5 asks for trademarks"),
    Requirement("patented", (AB, DPS, DS), "item 5 asks for patents"),
    Requirement("public_domain", (AB,), "item 5 asks for the public domain"),
    Requirement(
        "purchased", (AB,), "item 6 asks for purchases", lambda one: one.section != "2.2.1"
    ),
    Requirement("personal_data", (AB, CR, HF, DPS, DS), "item 7 asks for personal information"),
    Requirement("consumer_data", (AB,), "item 8 asks for aggregate consumer information"),
    Requirement("processing", (EU, AB, CR, HF, DS), "3.2 and item 9 say what was done to the data"),
    Requirement("crawlers", (EU, CR), "2.3 names the crawlers", _crawled),
    Requirement("crawl_purpose", (EU,), "2.3 gives their purposes", _crawled),
    Requirement("crawl_behaviour", (EU, CR), "2.3 describes what they do", _crawled),
    Requirement("tdm_measures", (EU,), "3.1 describes how opt-outs were respected", _crawled),
    Requirement("user_data_from", (EU,), "2.4 tells them apart", lambda one: one.section == "2.4"),
    Requirement("services", (EU,), "2.4 names the services", lambda one: one.section == "2.4"),
    Requirement("generator", (EU, AB, CR, DPS, DS), "2.5 and item 12 name the models", _made),
    Requirement("process", (EU,), "2.5 leaves out what was only cleaned or enriched", _made),
    Requirement("on_behalf_of", (EU,), "2.5 counts what was made for the provider", _made),
    Requirement(
        "seed_data", (AB, CR, DPS, DS), "item 12 rests on seed data; lineage may say it, too", _made
    ),
    Requirement(
        "generator_version", (EU, CR, DPS), "2.5 names models with their versions", _known_model
    ),
    Requirement(
        "generator_provider",
        (EU, CR, DPS),
        "2.5 tells the provider's own models apart",
        _known_model,
    ),
    Requirement("generator_on_market", (EU,), "2.5 tells models on the market apart", _known_model),
    Requirement(
        "generator_summary",
        (EU,),
        "2.5 links to the Summary of a model on the market",
        lambda one: one.generator_on_market is True,
    ),
    Requirement(
        "generator_training",
        (EU,),
        "2.5 describes the training data of other models",
        lambda one: _known_model(one) and one.generator_on_market is False,
    ),
)


def lint_sources(sources: Sequence[Source]) -> tuple[Gap, ...]:
    """List every missing member, source by source."""
    return tuple(gap for source in sources for gap in _gaps(source))


def _gaps(source: Source) -> list[Gap]:
    found = []
    if source.section is None:
        reason = "state a kind or a section: without it the source stands in no section"
        found.append(Gap(source=source.name, member="kind", reports=(EU, AB), reason=reason))
    for requirement in REQUIREMENTS:
        if requirement.applies(source) and _missing(source, requirement.member):
            found.append(
                Gap(
                    source=source.name,
                    member=requirement.member,
                    reports=requirement.reports,
                    reason=requirement.reason,
                )
            )
    return found


def _missing(source: Source, member: str) -> bool:
    value = getattr(source, member)
    if member == "owner":
        return not (value or source.legal_entity)
    if member in {"collected_from", "collected_to"}:
        return month(value) is None
    return value in (None, ())
