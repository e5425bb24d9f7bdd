"""Fill in and write reports."""
