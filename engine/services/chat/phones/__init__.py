"""The phone between two sides of a room: a number that both dial and that hides theirs from each other."""
