"""Run the command line as `python -m kgqa.cli`."""

from kgqa.cli import main

main()
