"""For programs outside: external tasks. Known by tokens, never by cookies; answered in JSON."""
