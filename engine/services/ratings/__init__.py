"""Ratings: what two parties say of each other, hidden until both have spoken or the time is over."""
