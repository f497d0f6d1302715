"""What is done to definitions and instances: one function per operation."""
