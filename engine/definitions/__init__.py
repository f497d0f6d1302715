"""What may run: definitions and their checks, forms, and the registry of what diagrams may name."""
