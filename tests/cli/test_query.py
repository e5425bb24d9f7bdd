"""What ``prov query`` prints, for people and for programs."""

from __future__ import annotations

import json

from support.terminal import Terminal

SQL = "SELECT sum(range) AS total, 1.5::DECIMAL(4, 2) AS half, '=1+1' AS formula FROM range(9)"


def test_a_sum_is_a_number_in_every_format(terminal: Terminal) -> None:
    terminal.prov("init")
    rows = json.loads(terminal.prov("query", SQL, "--json").out)
    assert rows == [{"total": 36, "half": 1.5, "formula": "=1+1"}]
    assert terminal.prov("query", SQL, "--format", "csv").out.splitlines() == [
        "total,half,formula",
        "36,1.5,'=1+1",
    ]
    assert "36" in terminal.prov("query", SQL).out


def test_a_long_answer_says_how_many_rows_it_left_out(terminal: Terminal) -> None:
    terminal.prov("init")
    answer = terminal.prov("query", "SELECT range AS x FROM range(1234)")
    assert len(answer.out.splitlines()) == 2 + 1000
    assert "234 more rows" in answer.err
