"""Identity of content: canonical form, digests, normalisation, measures."""
