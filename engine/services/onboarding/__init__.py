"""How persons and enterprises come to the platform: who they are, what they may do, and who outside confirms it."""
