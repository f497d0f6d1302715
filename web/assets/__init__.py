"""The browser parts and how they get here."""
