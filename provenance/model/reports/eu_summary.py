"""Define the public summary of training content (EU AI Act, Art. 53(1)(d)).

Members are called as in the template, so that other tools that read it find them; a member that
is null was not provided.
"""

from __future__ import annotations

from pydantic import Field

from provenance.model.base import Contract
from provenance.model.reports.release_evidence import Modality
from provenance.model.reports.report_rows import (
    Day,
    DomainRow,
    GeneratorRow,
    Head,
    Month,
    SeedRow,
    ShareRow,
    SourceRow,
    UnknownRow,
)


class EuProvider(Contract):
    """1.1"""

    provider_name_and_contact: str | None
    authorised_representative_name_and_contact: str | None


class EuModel(Contract):
    """1.2"""

    versioned_model_names: tuple[str, ...]
    model_dependencies: str | None
    date_of_placement_on_union_market: Day | None


class EuModality(Contract):
    """1.3, one row of the table of sizes; sizes are of the release, repeats counted."""

    modality: Modality
    other_modality_name: str | None
    size_range: str | None = Field(
        description="Null where the size does not decide the band; the size stands beside it."
    )
    custom_size_value: str
    custom_size_unit: str
    types_of_content: str | None
    records: int
    bytes: int
    synthetic_bytes_at_least: int
    synthetic_bytes_at_most: int


class EuGeneral(Contract):
    """1"""

    provider_identification: EuProvider
    model_identification: EuModel
    modalities: tuple[EuModality, ...]
    latest_data_collection_date: Month | None
    continuously_trained_on_new_data: bool | None
    linguistic_characteristics: str | None
    other_characteristics: str | None
    additional_comments: str | None


class EuDataset(Contract):
    """2.1, a large public dataset."""

    identifier_or_name: str
    link: str | None
    description: str | None
    collection_start_date: Month | None
    collection_end_date: Month | None
    records: int
    bytes: int


class EuPublic(Contract):
    """2.1"""

    used: bool | None
    modalities_covered: tuple[Modality, ...]
    large_datasets: tuple[EuDataset, ...]
    other_datasets_general_description: str | None
    additional_comments: str | None


class EuLicensed(Contract):
    """2.2.1"""

    has_licensing_agreements: bool | None
    modalities_covered: tuple[Modality, ...]
    sources: tuple[SourceRow, ...]


class EuOtherThirdParty(Contract):
    """2.2.2"""

    obtained: bool | None
    modalities_covered: tuple[Modality, ...]
    publicly_known_datasets: tuple[str, ...]
    general_description: str | None
    additional_comments: str | None


class EuPrivate(Contract):
    """2.2"""

    licensed: EuLicensed
    other_third_party: EuOtherThirdParty


class EuCrawled(Contract):
    """2.3"""

    crawlers_used: bool | None
    crawler_names: tuple[str, ...]
    crawler_purposes: str | None
    crawler_behaviour_description: str | None
    collection_period_start: Month | None
    collection_period_end: Month | None
    content_and_sources_description: str | None
    modalities_covered: tuple[Modality, ...]
    small_or_medium_provider: bool | None
    top_domains_summary: str | None
    top_domains: tuple[DomainRow, ...]
    top_domains_file: str | None
    additional_comments: str | None


class EuUser(Contract):
    """2.4"""

    model_interaction_data_used: bool | None
    other_product_interaction_data_used: bool | None
    services_or_products_description: str | None
    modalities_covered: tuple[Modality, ...]
    additional_comments: str | None


class EuSynthetic(Contract):
    """2.5"""

    used: bool | None = Field(
        description="True where any part is synthetic or mixed; null where only unknown is left."
    )
    statement: str
    modalities_covered: tuple[Modality, ...]
    generating_models: tuple[str, ...]
    other_generating_models_description: str | None
    generators: tuple[GeneratorRow, ...]
    seeds: tuple[SeedRow, ...]
    left_out: tuple[GeneratorRow, ...] = Field(
        description="Models that only cleaned or enriched, and data made for others."
    )
    unknown: tuple[UnknownRow, ...]
    additional_comments: str | None


class EuOther(Contract):
    """2.6"""

    used: bool | None
    description: str | None
    additional_comments: str | None


class EuSources(Contract):
    """2"""

    publicly_available_datasets: EuPublic
    private_third_party_datasets: EuPrivate
    crawled_data: EuCrawled
    user_data: EuUser
    synthetic_data: EuSynthetic
    other_sources: EuOther


class EuReservations(Contract):
    """3.1"""

    is_code_of_practice_signatory: bool | None
    measures_description: str | None
    additional_comments: str | None


class EuIllegalContent(Contract):
    """3.2"""

    measures_description: str | None


class EuProcessing(Contract):
    """3"""

    tdm_reservation_respect: EuReservations
    illegal_content_removal: EuIllegalContent
    other_information: str | None


class EuSummary(Head):
    """Public summary of the content used for training a general-purpose AI model."""

    version: str | None
    last_update: Day | None
    general_information: EuGeneral
    data_sources: EuSources
    data_processing_aspects: EuProcessing
    shares: tuple[ShareRow, ...]
    sources: tuple[SourceRow, ...]
