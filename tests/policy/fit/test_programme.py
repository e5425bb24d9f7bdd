"""The programmes: optimum, ties, and no answer mistaken for another."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from provenance.policy.fit.milp import Constraint, Variable, relax, solve, solve_within_gap

SMALL = st.integers(-4, 4)


@pytest.mark.newest
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4),
    st.lists(st.tuples(st.lists(SMALL, min_size=4, max_size=4), st.integers(-3, 6)), max_size=3),
)
def test_integers_are_the_best_of_all(
    bounds: list[tuple[int, int]], lines: list[tuple[list[int], int]]
) -> None:
    columns = [
        Variable(worth=float(worth), lower=0.0, upper=float(most), integer=True, tie=2**at)
        for at, (worth, most) in enumerate(bounds)
    ]
    made = [
        Constraint(
            tuple((at, float(v)) for at, v in enumerate(row[: len(columns)]) if v), float(limit)
        )
        for row, limit in lines
    ]
    found = solve(columns, made)
    points = [
        point
        for point in itertools.product(*(range(most + 1) for _, most in bounds))
        if all(
            sum(v * x for v, x in zip(row, point, strict=False)) <= limit for row, limit in lines
        )
    ]
    if not points:
        assert found is None
        return
    assert found is not None

    def rank(point: tuple[int, ...]) -> tuple[float, int]:
        pairs = list(zip(columns, point, strict=True))
        return sum(c.worth * x for c, x in pairs), sum(c.tie * x for c, x in pairs)

    assert rank(tuple(map(round, found.values))) == max(map(rank, points))
    relaxed = relax(columns, made)
    assert relaxed is not None
    assert relaxed.bound >= rank(max(points, key=rank))[0] - 1e-6


@pytest.mark.newest
def test_multipliers_are_what_a_limit_is_worth() -> None:
    columns = [Variable(2.0, 0.0, 10.0, False), Variable(1.0, 0.0, 10.0, False)]
    found = relax(columns, [Constraint(((0, 1.0), (1, 1.0)), 12.0), Constraint(((0, 1.0),), 50.0)])
    assert found is not None
    assert found.bound == 22.0
    assert found.multipliers == (1.0, 0.0)


def test_any_answer_within_the_gap_will_do() -> None:
    columns = [Variable(float(size), 0.0, 1.0, True) for size in (7, 11, 13)]
    found = solve_within_gap(columns, [Constraint(((0, 7.0), (1, 11.0), (2, 13.0)), 20.0)], gap=5)
    assert found is not None
    assert (
        15
        <= sum(c.worth * round(side) for c, side in zip(columns, found.values, strict=True))
        <= 20
    )
    assert solve_within_gap(columns, [Constraint(((0, 1.0),), -1.0)], gap=5) is None
