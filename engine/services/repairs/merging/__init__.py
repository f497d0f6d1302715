"""How what several people say and photograph of a repair becomes one report. Pure: no database, no clock."""
