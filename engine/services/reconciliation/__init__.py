"""Whether the provider's books and ours say the same, day by day (C.6)."""
