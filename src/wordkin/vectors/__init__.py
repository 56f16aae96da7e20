"""Word vectors: lookup, queries, files."""
