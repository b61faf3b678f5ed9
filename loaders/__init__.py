"""Turn public data sets, in their original layouts, into canonical data folders: `python -m loaders.NAME SRC OUT`."""
