"""Solve linear and integer programmes with HiGHS, with the same answer on every machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import highspy
import numpy as np

MAX_NODES = 20_000
"""Limit on branching; a time limit would give different answers on different machines."""

QUICK_MAX_NODES = 2_000
"""Limit on branching where a good answer is enough."""

_SAME = 0.49
"""Objectives are integers: two values that differ by less than one half are the same value."""

_STDOUT = 1

Option: TypeAlias = bool | int | float | str

_OPTIONS: Mapping[str, Option] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": _SAME,
    "mip_max_nodes": MAX_NODES,
}

_RETRIES: Sequence[Mapping[str, Option]] = (
    {},
    # The solver checks its answer in absolute terms, which sums of large amounts can miss. Whether
    # the budgets are kept is decided on integers afterwards, never by these tolerances.
    {"mip_feasibility_tolerance": 1e-5, "primal_feasibility_tolerance": 1e-5},
    {"mip_feasibility_tolerance": 1e-3, "primal_feasibility_tolerance": 1e-3, "presolve": "off"},
)

_FEASIBLE = highspy.SolutionStatus.kSolutionStatusFeasible
_NONE = frozenset(
    {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: its worth per unit, its bounds, and whether it is an integer.

    ``tie`` decides among solutions of equal worth; the larger sum wins.
    """

    worth: float
    lower: float
    upper: float
    integer: bool
    tie: int = 0


@dataclass(frozen=True, slots=True)
class Constraint:
    """A linear constraint: the sum of the entries lies between two bounds."""

    entries: tuple[tuple[int, float], ...]
    at_most: float
    at_least: float = -highspy.kHighsInf


@dataclass(frozen=True, slots=True)
class Solution:
    """Values by column, multipliers by line (only of a linear programme), and whether proven best.

    ``bound`` is what the solver proved that no solution exceeds.
    """

    values: tuple[float, ...]
    multipliers: tuple[float, ...]
    proven: bool
    bound: float


def solve(columns: Sequence[Variable], lines: Sequence[Constraint]) -> Solution | None:
    """Find the solution of greatest worth; among equal ones that of the greatest tie sum.

    Solvers of different versions stop at different points of a flat optimum. The second pass, over
    tie weights that are as good as random, leaves one point of it.
    """
    first = _run(columns, lines, [column.worth for column in columns])
    if first is None or not first.proven:
        return first
    worth = sum(c.worth * v for c, v in zip(columns, first.values, strict=True))
    slack = 0.5 if any(c.integer for c in columns) else max(1e-6, 1e-9 * abs(worth))
    entries = tuple((at, c.worth) for at, c in enumerate(columns) if c.worth)
    floor = Constraint(entries, highspy.kHighsInf, worth - slack)
    second = _run(columns, [*lines, floor], [float(column.tie) for column in columns])
    if second is None or not second.proven:
        return first
    return Solution(second.values, first.multipliers, True, first.bound)


def relax(columns: Sequence[Variable], lines: Sequence[Constraint]) -> Solution | None:
    """The linear relaxation, with the multipliers of its lines."""
    relaxed = [Variable(c.worth, c.lower, c.upper, False, c.tie) for c in columns]
    return _run(relaxed, lines, [column.worth for column in columns])


def solve_within_gap(
    columns: Sequence[Variable], lines: Sequence[Constraint], gap: float = 0
) -> Solution | None:
    """Find a solution within a gap of the best, if little branching finds one."""
    options = {"mip_abs_gap": max(_SAME, gap), "mip_max_nodes": QUICK_MAX_NODES}
    return _run(columns, lines, [column.worth for column in columns], options)


def _run(
    columns: Sequence[Variable],
    lines: Sequence[Constraint],
    worth: Sequence[float],
    options: Mapping[str, Option] = _OPTIONS,
) -> Solution | None:
    """One run; None when no values keep the lines, and never because the solver failed."""
    model = _model(columns, lines, worth)
    for retry in _RETRIES:
        solver = _solver()
        for name, value in {**_OPTIONS, **options, **retry}.items():
            solver.setOptionValue(name, value)
        solver.passModel(model)
        solver.run()
        status, information = solver.getModelStatus(), solver.getInfo()
        usable = information.primal_solution_status == _FEASIBLE
        limited = status == highspy.HighsModelStatus.kSolutionLimit
        if status in _NONE or (limited and not usable):
            return None
        if status == highspy.HighsModelStatus.kOptimal or limited:
            found = solver.getSolution()
            integer = any(column.integer for column in columns)
            return Solution(
                tuple(found.col_value),
                tuple(max(0.0, dual) for dual in found.row_dual),
                not limited,
                information.mip_dual_bound if integer else information.objective_function_value,
            )
    raise ArithmeticError(f"HiGHS cannot solve a programme of {len(columns)} columns: {status}")


def _solver() -> highspy.Highs:
    """Make a solver that prints nothing.

    Some versions print a banner on construction, before an option can turn output off. The file
    descriptor of standard output is redirected to the null device until then.
    """
    try:
        out = os.dup(_STDOUT)
    except OSError:  # standard output is closed: nothing can be printed
        return highspy.Highs()  # type: ignore[no-untyped-call]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDOUT)
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
    finally:
        os.dup2(out, _STDOUT)
        os.close(out)
        os.close(nowhere)
    return solver


def _model(
    columns: Sequence[Variable], lines: Sequence[Constraint], worth: Sequence[float]
) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(columns), len(lines)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = np.array(worth, dtype=np.double)
    model.col_lower_ = np.array([c.lower for c in columns], dtype=np.double)
    model.col_upper_ = np.array([c.upper for c in columns], dtype=np.double)
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    if any(c.integer for c in columns):
        model.integrality_ = [kinds[c.integer] for c in columns]
    model.row_lower_ = np.array([line.at_least for line in lines], dtype=np.double)
    model.row_upper_ = np.array([line.at_most for line in lines], dtype=np.double)
    starts = np.cumsum([0, *(len(line.entries) for line in lines)])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = starts.astype(np.int32)
    model.a_matrix_.index_ = np.array([at for r in lines for at, _ in r.entries], dtype=np.int32)
    model.a_matrix_.value_ = np.array([v for r in lines for _, v in r.entries], dtype=np.double)
    return model
