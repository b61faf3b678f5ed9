"""Measurements: each writes a table and JSON; `docs/results.md` is made from the JSON."""

import kgqa  # noqa: F401 - before torch: it has torch's threads sleep where they wait
