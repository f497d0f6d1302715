"""What a browser needs to install the pages as an app: one manifest, in the reader's language.

It begins at the home page, which leads to the first page of whatever role its person acts in.
"""

from flask import Response, json, url_for

from web.texts import HTML_LANGUAGE, current_language, text

ACCENT, GROUND = "#0a5f77", "#f4f5f6"  # of the mark, and of a page before it is drawn
ICONS = (("app/icon-192.png", 192, "any"), ("app/icon-512.png", 512, "any"), ("app/maskable-512.png", 512, "maskable"))


def serve_manifest() -> Response:
    """The manifest; asked for anew, as the language of the reader may have changed."""
    home = url_for("identity.home")
    manifest = {
        "id": home,
        "name": "Baton",
        "short_name": "Baton",
        "description": text("app.description"),
        "lang": HTML_LANGUAGE[current_language()],
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "theme_color": ACCENT,
        "background_color": GROUND,
        "icons": [
            {
                "src": url_for("static", filename=name),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, size, purpose in ICONS
        ],
    }
    return Response(json.dumps(manifest), content_type="application/manifest+json; charset=utf-8")
