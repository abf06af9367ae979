"""Structured logs: a record costs its caller an append; a thread masks, formats and writes it."""
