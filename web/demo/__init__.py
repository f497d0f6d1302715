"""Demo data, and a whole case played on a throwaway engine or against a running server."""

PASSWORD = "baton-demo"  # of everybody in the demo data
