"""`python -m tinylm` is the `tinylm` command."""

from tinylm.cli.app import main

main()
