"""Claims and sizes of records, drawn at random."""

from __future__ import annotations

import hypothesis.strategies as st
from support.origin_oracle import RANKS, Claim, Size

SIZE = Size(bytes=1000, chars=900, words=150)


SIZES = st.one_of(
    st.just(SIZE),
    st.just(Size(0, 0, 0)),
    st.just(Size(1000, 0, 0)),
    st.builds(Size, *(st.integers(0, 1200) for _ in range(3))),
)


PARTS = st.one_of(st.none(), st.integers(-5, 1300), st.sampled_from([0, 300, 1000]))


NAMES = st.sampled_from([None, "b", "aa", "c-model-of-a-long-name", "aä", "\U0001f600", ""])


CLAIMS = st.builds(
    Claim,
    tier=st.sampled_from(list(RANKS)),
    claim=st.sampled_from(["human", "synthetic", "mixed", "unknown", "question"]),
    whole=st.booleans(),
    part_bytes=PARTS,
    part_chars=PARTS,
    part_words=PARTS,
    process=st.sampled_from([None, "generate", "translate", "edit"]),
    generator=NAMES,
    generator_family=NAMES,
)


RECORDS = st.lists(st.tuples(st.lists(CLAIMS, max_size=6), SIZES), min_size=1, max_size=12)
