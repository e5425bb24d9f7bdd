"""Read delimited text in any dialect."""
