"""The `tinylm` command: one file a subcommand, found by name and imported only when it is called."""
