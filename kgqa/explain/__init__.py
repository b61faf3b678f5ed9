"""Trace an answer back to the facts it came from, and to the Cypher that returns it."""
