"""Read WebDataset archives."""
