"""Where things are, how far apart, and the way between them. Coordinates are WGS 84, as browsers and GPS give them."""
