"""Pages of whoever keeps it running: incidents, messages and timers, background work, work done outside."""
