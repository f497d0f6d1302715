"""Service cases: disputes between two parties of any process, decided by the platform."""
