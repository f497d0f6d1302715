"""Express tasks in the browser: the list of an enterprise, the confirmations of a person, the link to them."""
