"""Contracts of reports."""
