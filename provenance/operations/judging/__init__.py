"""Findings about a set of records, baselines, and the anchors of `accumulate` budgets."""
