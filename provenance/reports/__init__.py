"""Facts of releases, the documents made of them, and their rendering."""
