"""Signing in, choosing what to act as, how to read, signing out."""
