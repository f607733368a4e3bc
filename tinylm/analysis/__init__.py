"""An analyzed text as something to read or to keep: coloured text, a table, JSON, CSV."""
