"""Define the contract of a source: who made the data, its terms, and its declared origin."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from provenance.model.base import Contract, Name
from provenance.model.emission import Emission
from provenance.model.origin import Label, Process
from provenance.model.path_pattern import checked_pattern

Kind = Literal["crawl", "public", "licensed", "private", "user", "synthetic", "annotation", "other"]

EuSection = Literal["2.1", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"]
"""Where the public summary of Art. 53(1)(d) lists a source."""

EU_SECTIONS: dict[Kind, EuSection] = {
    "public": "2.1",
    "licensed": "2.2.1",
    "private": "2.2.2",
    "crawl": "2.3",
    "user": "2.4",
    "synthetic": "2.5",
    "annotation": "2.6",
}
"""What a kind says of the section; ``other`` says nothing."""

AiRole = Literal["generate", "distil", "rewrite", "feedback", "annotate", "clean"]
"""What a model did to the data, in the words that the reports tell apart."""

ROLES: dict[Process, AiRole] = {
    Process.GENERATE: "generate",
    Process.TEMPLATE: "generate",
    Process.DISTIL: "distil",
    Process.REPHRASE: "rewrite",
    Process.TRANSLATE: "rewrite",
    Process.TRANSCRIBE: "rewrite",
    Process.SUMMARISE: "rewrite",
    Process.EDIT: "rewrite",
    Process.FEEDBACK: "feedback",
    Process.ANNOTATE: "annotate",
    Process.CLEAN: "clean",
}
"""The role that a process is, where the contract names none."""

Year = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""A year, a month or a day: ``2024``, ``2024-06``, ``2024-06-30``; reports ask for the month."""

StepKind = Literal[
    "clean", "deduplicate", "filter", "filter-illegal", "redact", "annotate", "translate", "other"
]


class ProcessingStep(Contract):
    """Something done to the data before they came here, and what for."""

    step: StepKind
    purpose: str = Field(min_length=1, description="What it was done for.")
    description: str | None = Field(default=None, description="How it was done.")


class Source(Contract):
    """A declared origin of data, with its contract.

    The origin members (``label``, ``process``, ``generator``, ``generator_family``) are evidence of
    tier ``declared`` about every record of the source; the others describe it. A statement of yes
    or no that is left out is not known, which is not the same as no.
    """

    name: Name
    kind: Kind = "other"
    label: Label = Label.UNKNOWN
    process: Process | None = None
    generator: str | None = Field(default=None, description="Model that wrote the synthetic part.")
    generator_family: str | None = None
    declared_by: str | None = Field(default=None, description="Who makes these statements.")
    accepts: tuple[str, ...] = Field(
        default=(),
        description="Recognisers (`oasst`) and fields whose word that a record is human, or how "
        "much of it is, counts for this source.",
    )
    ignores: tuple[str, ...] = Field(
        default=(), description="Fields that look like marks of origin and are none."
    )
    path: Annotated[str, AfterValidator(checked_pattern)] | None = Field(
        default=None,
        description="Pattern that the paths of its files end in: results/{generator}/outputs.json. "
        "{label}, {process}, {generator} and {generator_family} speak of origin, {lang} and "
        "{split} are what they say, any other name is an attribute.",
    )
    emit: Emission = Field(
        default=(), description="The records that a row gives, where it gives several."
    )
    licence: str | None = Field(default=None, description="SPDX licence expression.")
    url: str | None = None
    owner: str | None = Field(default=None, description="Who owns the data.")
    version: str | None = None
    description: str | None = None
    languages: tuple[str, ...] = ()
    collected_from: Year | None = None
    collected_to: Year | None = None
    received_on: date | None = None

    # What the reports that laws ask for need beside.
    eu_section: EuSection | None = Field(
        default=None,
        description="Section of the EU summary, where the kind does not say it: a crawl that "
        "somebody else published is 2.1.",
    )
    legal_entity: str | None = Field(default=None, description="Registered name of the owner.")
    publicly_known: bool | None = Field(
        default=None, description="Whether it is publicly known that this private set exists."
    )
    purchased: bool | None = Field(default=None, description="Whether the data were paid for.")
    content_types: tuple[str, ...] = Field(
        default=(), description="Types of content: fiction, source code, news photographs."
    )
    label_types: tuple[str, ...] = Field(
        default=(), description="Types of labels, where the data are labelled."
    )
    regions: tuple[str, ...] = Field(
        default=(), description="Countries or regions that the data are about or from."
    )
    purpose: str | None = Field(
        default=None, description="How the data further the purpose of what is trained on them."
    )
    ongoing: bool | None = Field(default=None, description="Whether collection goes on.")
    first_used: Year | None = Field(default=None, description="First use in development.")
    personal_data: bool | None = Field(
        default=None, description="Whether they hold personal information."
    )
    consumer_data: bool | None = Field(
        default=None, description="Whether they hold aggregate consumer information."
    )
    copyrighted: bool | None = Field(default=None, description="Whether any is under copyright.")
    trademarked: bool | None = Field(default=None, description="Whether any is trademarked.")
    patented: bool | None = Field(default=None, description="Whether any is patented.")
    public_domain: bool | None = Field(
        default=None, description="Whether any is in the public domain."
    )
    processing: tuple[ProcessingStep, ...] = ()
    crawlers: tuple[str, ...] = Field(
        default=(), description="Names or user agents of the crawlers."
    )
    crawl_purpose: str | None = Field(default=None, description="What the crawler collects for.")
    crawl_behaviour: str | None = Field(
        default=None, description="What it does about captchas, passwords, paywalls, robots.txt."
    )
    tdm_measures: str | None = Field(
        default=None, description="How opt-outs from text and data mining were respected."
    )
    user_data_from: tuple[Literal["model", "services"], ...] = Field(
        default=(), description="Whether users gave it to the model, to other services, or both."
    )
    services: tuple[str, ...] = Field(
        default=(), description="Services or products that the user data come from."
    )
    generator_version: str | None = None
    generator_provider: str | None = Field(
        default=None, description="Who provides the model that generated."
    )
    generator_on_market: bool | None = Field(
        default=None, description="Whether that model is on the Union market."
    )
    generator_summary: str | None = Field(
        default=None, description="Address of that model's own public summary."
    )
    generator_training: str | None = Field(
        default=None, description="What is known of the training data of that model."
    )
    ai_role: AiRole | None = Field(
        default=None, description="What the model did, where the process does not say it."
    )
    on_behalf_of: Literal["provider", "others"] | None = Field(
        default=None,
        description="For whom the synthetic part was made: for whoever trains on this, or not.",
    )
    seed_data: tuple[str, ...] = Field(
        default=(), description="Sources or addresses that the synthetic data were made from."
    )

    @property
    def section(self) -> EuSection | None:
        """Its section of the EU summary, where it is stated."""
        return self.eu_section or EU_SECTIONS.get(self.kind)

    @model_validator(mode="after")
    def _coherent(self) -> Source:
        generated = self.generator or self.generator_family
        if generated and self.label == Label.HUMAN:
            raise ValueError("a human source has no generator; say label: mixed, or leave it out")
        first, last = self.collected_from, self.collected_to
        if first and last and first > last[: len(first)]:
            raise ValueError("collected_from is later than collected_to")
        return self
