"""Make the reports of releases: facts, the documents that laws ask for, and their rendering."""
