"""Budgets: their conditions, their evaluation, and selections that keep them."""
