"""Pages of whoever keeps it running: incidents."""
