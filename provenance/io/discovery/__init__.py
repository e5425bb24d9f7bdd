"""Find the data files under a path, and tell their formats."""
