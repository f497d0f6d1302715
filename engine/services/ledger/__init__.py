"""The ledger: double entry, append-only, integer fen. Money moves only through the named rules of `rules`."""
