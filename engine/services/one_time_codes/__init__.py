"""Six digits that prove that somebody has the device we can reach him at; and the port they are sent through."""
