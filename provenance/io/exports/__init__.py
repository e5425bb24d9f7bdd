"""Write the rows of a release to files, and check what was written."""
