"""Readers of HTML, PDF, EPUB and DOCX."""
