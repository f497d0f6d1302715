"""Demo data, and a whole case played on a throwaway engine or against a running server."""
