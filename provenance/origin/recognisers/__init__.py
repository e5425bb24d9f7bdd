"""What marks in the data claim about origin: columns in, claims out."""
