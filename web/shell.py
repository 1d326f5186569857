"""The shell of every page: built scripts and styles, the content policy, words in the reader's language.

Without a build (`web/dist`) pages still work: plain.css and pictures in a list, no script.
"""

from __future__ import annotations

import gzip
import json
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import orjson
from flask import Response, make_response, render_template, request, send_from_directory
from markupsafe import Markup

from backend.context import Stage
from backend.http import language
from web.speech import clock, day, speaker

DIST: Final = Path(__file__).parent / "dist"
PLAIN: Final = Path(__file__).parent / "templates" / "plain.css"
BUILDS: Final = ("guest", "crew")  # web/ui/vite.config.ts
THEMES: Final = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Built:
    """What a page loads: `script` and what it imports at once. None and nothing when nothing was built."""

    script: str | None
    files: tuple[str, ...]  # the script first
    css: str


def built(entry: str) -> Built:
    """The files Vite made of web/ui/src/<entry>.ts."""
    manifests = tuple(DIST / f"manifest-{build}.json" for build in BUILDS)
    try:
        made_at = tuple(manifest.stat().st_mtime_ns for manifest in manifests)
    except FileNotFoundError:
        return Built(None, (), PLAIN.read_text(encoding="utf-8"))
    return _read(manifests, made_at, f"src/{entry}.ts")


@lru_cache(maxsize=32)
def _read(manifests: tuple[Path, ...], _made_at: tuple[int, ...], source: str) -> Built:
    chunks = next(found for file in manifests if source in (found := json.loads(file.read_text(encoding="utf-8"))))
    chunk = chunks[source]
    needed = [chunks[name] for name in chunk.get("imports", [])]
    sheets = [sheet for part in (*needed, chunk) for sheet in part.get("css", [])]
    files = tuple(f"/assets/{part['file']}" for part in (chunk, *needed))
    return Built(
        script=files[0],
        files=files,
        css="\n".join((manifests[0].parent / sheet).read_text(encoding="utf-8") for sheet in sheets),
    )


def page(stage: Stage, template: str, words: str, *, status: int = 200, spoken: str = "", **values: object) -> Response:
    """A rendered page that nothing on the way keeps and that runs no script but ours.

    `spoken`: the language for readers who have not chosen one; empty: as their browser says.
    """
    nonce, theme = secrets.token_urlsafe(12), request.cookies.get("theme")
    spoken = language() if not spoken or request.cookies.get("lang") else spoken
    say = speaker(words, spoken)
    text = render_template(
        template,
        white_label=bool(stage.settings.platform_name),
        platform=stage.settings.platform_name or say("brand"),
        nonce=nonce,
        language=spoken,
        theme=theme if theme in THEMES else None,
        built=built(words),
        say=say,
        day=day,
        clock=clock,
        **values,
    )
    response = _squeezed(text, status)
    response.headers["Content-Security-Policy"] = policy(nonce, _origin(stage))
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def file(name: str) -> Response:
    """A built file, in the compressed form the build left beside it when the browser takes that."""
    squeezed = f"{name}.gz"
    if request.accept_encodings["gzip"] and (DIST / squeezed).is_file():
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        response = make_response(send_from_directory(DIST, squeezed, mimetype=kind))
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = make_response(send_from_directory(DIST, name))
    response.headers["Vary"] = "Accept-Encoding"
    return response


def policy(nonce: str, pictures: str) -> str:
    """`pictures`: the origin of picture URLs when it is not ours, else empty."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": f"'self' data: blob: {pictures}",
        "connect-src": f"'self' {pictures}",
        "worker-src": "'self'",
        "frame-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in rules.items())


def embedded(value: object) -> Markup:
    """JSON to stand in a <script type="application/json">: no character in it can end the element."""
    text = orjson.dumps(value).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - every sign HTML knows was replaced above


def _squeezed(text: str, status: int) -> Response:
    """A page of 40 KB would need three round trips more than one of 10 KB on a fresh connection."""
    body = text.encode()
    response = Response(status=status, content_type="text/html; charset=utf-8")
    if request.accept_encodings["gzip"]:
        body = gzip.compress(body, 5)
        response.headers["Content-Encoding"] = "gzip"
    response.set_data(body)
    return response


def _origin(stage: Stage) -> str:
    parts = urlsplit(stage.store.url("r/probe", ttl=60))
    if not parts.netloc or f"{parts.scheme}://{parts.netloc}" == stage.settings.base_url:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
