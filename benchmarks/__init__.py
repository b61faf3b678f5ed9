"""Measurements: each writes a table and JSON; `docs/results.md` is made from the JSON."""
