"""Pages of whoever inspects: cases, the ledger, the proof that nothing was changed. Nothing here writes."""
