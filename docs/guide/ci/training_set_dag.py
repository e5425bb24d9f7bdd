"""An Airflow DAG: assemble a release, judge it, and tell the catalog what went into it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HERE = os.environ.get("TRAINING_SET", "/srv/training-set")
"""Folder with the policy and the ledger."""

with DAG(
    "training_set",
    schedule="@weekly",
    start_date=datetime(2026, 11, 2, tzinfo=UTC),
    catchup=False,
):
    assemble = BashOperator(
        task_id="assemble",
        bash_command="prov assemble week-{{ ds }} --policy policy.yaml --fit",
        cwd=HERE,
    )
    # Judged again with what is known now; a task that fails stops what comes after it.
    gate = BashOperator(
        task_id="gate",
        bash_command="prov audit week-{{ ds }} --policy policy.yaml",
        cwd=HERE,
    )
    tell = BashOperator(
        task_id="tell",
        bash_command="prov report week-{{ ds }} --format openlineage -o events.jsonl"
        " && python send_events.py events.jsonl",
        cwd=HERE,
    )
    assemble >> gate >> tell
