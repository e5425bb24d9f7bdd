"""Write the rows of a release, and check what was written."""
