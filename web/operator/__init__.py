"""Pages of whoever keeps it running: incidents, background work, work done outside."""
