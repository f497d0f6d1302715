"""Work tasks in the browser: finding them, signing up, what one has published or works on."""
