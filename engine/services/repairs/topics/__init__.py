"""What the diagrams of repair collaboration call."""
