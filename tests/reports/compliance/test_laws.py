"""The laws' own lists, field by field: each is filled, asked, or out of scope with its reason."""

from __future__ import annotations

import pytest
from support.evidences import EVIDENCE

from provenance.reports import compliance
from provenance.reports.compliance import REPORTS

EU = """
0      version of the summary, with links to earlier ones    eu.version
0      last update                                           eu.last-update
1.1    provider name and contact details                     eu.1.1.provider
1.1    authorised representative                             eu.1.1.representative
1.2    versioned model names                                 eu.1.2.models
1.2    model dependencies                                    eu.1.2.dependencies
1.2    date of placement on the Union market                 eu.1.2.placed
1.3    modality and size                                     eu.1.3.modalities
1.3    band of text                                          eu.1.3.size.text
1.3    band of images                                        eu.1.3.size.image
1.3    band of audio                                         eu.1.3.size.audio
1.3    band of video                                         eu.1.3.size.video
1.3    types of content, text                                eu.1.3.types.text
1.3    types of content, images                              eu.1.3.types.image
1.3    types of content, audio                               eu.1.3.types.audio
1.3    types of content, video                               eu.1.3.types.video
1.3    types of content, other                               eu.1.3.types.other
1.3    latest date of acquisition                            eu.1.3.latest
1.3    continuously trained                                  eu.1.3.continuous
1.3    linguistic characteristics                            eu.1.3.languages
1.3    other relevant characteristics                        eu.1.3.characteristics
1.3    comments                                              eu.1.3.comments
2.1    public datasets used                                  eu.2.1.used
2.1    modalities                                            eu.2.1.modalities
2.1    list of large ones                                    eu.2.1.large
2.1    description of the others                             eu.2.1.others
2.1    comments                                              eu.2.1.comments
2.2.1  transactional licence agreements                      eu.2.2.1.agreements
2.2.1  modalities                                            eu.2.2.1.modalities
2.2.2  private data from other third parties                 eu.2.2.2.obtained
2.2.2  modalities                                            eu.2.2.2.modalities
2.2.2  list of those publicly known                          eu.2.2.2.known
2.2.2  description of the others                             eu.2.2.2.others
2.2.2  comments                                              eu.2.2.2.comments
2.3    crawlers used                                         eu.2.3.used
2.3    crawler names                                         eu.2.3.crawlers
2.3    purposes                                              eu.2.3.purposes
2.3    behaviour                                             eu.2.3.behaviour
2.3    period, from                                          eu.2.3.from
2.3    period, to                                            eu.2.3.to
2.3    description of content and sources                    eu.2.3.content
2.3    modality                                              eu.2.3.modalities
2.3    summary of the most relevant domain names             eu.2.3.summary
2.3    comments                                              eu.2.3.comments
2.4    from interactions with the model                      eu.2.4.model
2.4    from other services                                   eu.2.4.other
2.4    which services                                        eu.2.4.services
2.4    modality                                              eu.2.4.modalities
2.4    comments                                              eu.2.4.comments
2.5    synthetic data by the provider or on their behalf     eu.2.5.used
2.5    modality                                              eu.2.5.modalities
2.5    models on the market, with their Summaries            eu.2.5.models
2.5    other models, with what is known of their training    eu.2.5.others
2.5    comments                                              eu.2.5.comments
2.6    other sources                                         eu.2.6.used
2.6    narrative                                             eu.2.6.description
2.6    comments                                              eu.2.6.comments
3.1    signatory of the Code of Practice                     eu.3.1.signatory
3.1    measures to respect reservations                      eu.3.1.measures
3.1    comments                                              eu.3.1.comments
3.2    removal of illegal content                            eu.3.2.measures
3.3    other information                                     eu.3.3.other
"""

CALIFORNIA = """
1      sources or owners                                     ab.1.sources
2      how they further the intended purpose                 ab.2.purpose
3      number of data points                                 ab.3.points
4      types of data points, their labels                    ab.4.labels
4      types of data points, their characteristics           ab.4.types
5      protected by copyright                                ab.5.copyright
5      protected by trademark                                ab.5.trademark
5      protected by patent                                   ab.5.patent
5      entirely in the public domain                         ab.5.entirely
6      purchased or licensed                                 ab.6.licensed
7      personal information                                  ab.7.personal
8      aggregate consumer information                        ab.8.aggregate
9      cleaning, processing, modification and its purpose    ab.9.cleaning
10     time period of collection                             ab.10.period
10     notice if it goes on                                  ab.10.ongoing
11     dates of first use                                    ab.11.first-use
12     synthetic data generation, used                       ab.12.used
12     synthetic data generation, continuously               ab.12.continuous
12     its functional need or purpose                        ab.12.purpose
(b)    exempt systems                                        ab.b.exempt
"""

LISTS = {"eu-art53": EU, "ab2013": CALIFORNIA}

ROWS = [
    (form, number, field, name)
    for form, lines in LISTS.items()
    for line in lines.strip().splitlines()
    for number, field, name in [(line[:7].strip(), line[7:61].strip(), line[61:])]
]


@pytest.mark.parametrize(("form", "number", "field", "name"), ROWS)
def test_a_field_of_the_law(form: str, number: str, field: str, name: str) -> None:
    found = {item.id: (part, item) for part, item in REPORTS[form].form.items()}
    assert name in found, field
    part, item = found[name]
    assert part.number == number
    if item.filled == "out of scope":
        assert item.reason
    else:
        state = compliance.filled(REPORTS[form], EVIDENCE).states[name]
        assert state == "ledger" or item.asked or "modalities." in (item.path or "")


def test_each_field_is_listed_once() -> None:
    names = [name for *_, name in ROWS]
    assert len(names) == len(set(names))
    numbers = {number for form, number, *_ in ROWS if form == "ab2013"}
    assert numbers == {*map(str, range(1, 13)), "(b)"}
