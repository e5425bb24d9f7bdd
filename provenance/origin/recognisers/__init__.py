"""Recognise marks of origin in columns of data, and return them as claims."""
