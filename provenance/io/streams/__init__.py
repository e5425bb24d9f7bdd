"""Bytes of files: compression, members of archives, size limits."""
