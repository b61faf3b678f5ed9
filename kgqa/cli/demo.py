"""`kgqa demo`."""
