"""Topics of the to-do items: maintenance (B.11) and handling (B.12)."""
