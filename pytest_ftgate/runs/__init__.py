"""Runs on disk: the store, the encoding of records, and what is kept of outputs."""
