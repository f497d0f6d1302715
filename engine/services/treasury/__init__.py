"""What platform finance does to the books: its own money, money nobody knows, corrections by two persons."""
