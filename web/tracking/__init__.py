"""Maps and tracking in the browser: the base map, positions of couriers, the recipient's page, saved addresses.

CONTRACT. A page with a map: `{% from 'tracking/_map.html' import map_canvas, map_head with context %}`, `map_head()` in
its head, and `map_canvas(label, of)` in a `<section class="map">`. `of` is the id of an element of the page, which
live.js may replace, with `data-places="{{ places }}"` as `showing.map_places` or `showing.map_ends` gives it. A
courier's page has `{% include 'tracking/_position.html' %}`: it sends where he is, for as long as it is open. The
requester's page has `{% set order_id = … %}{% include 'tracking/_share.html' %}`: the link he gives the recipient.
"""
