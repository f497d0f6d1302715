"""Express tasks: an enterprise lists who did a piece of work and for what pay; each of them confirms and is paid."""
