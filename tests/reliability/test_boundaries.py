"""A failure at the border of any service call leaves nothing behind, or exactly what one call leaves (scenario 54)."""
