"""A bridge in ten lines, speaking docs/wire.md §1: for tests of the platform that need no camera."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import httpx

from tests.cast import TOKEN


class BridgeClient:
    def __init__(self, http: httpx.Client, token: str = TOKEN) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def card(self, original: bytes, **more: object) -> dict[str, Any]:
        sha256 = hashlib.sha256(original).hexdigest()
        return {"asset_id": f"asset-{sha256[:16]}", "sha256": sha256, "size": len(original), "name": "A.JPG"} | more

    def preview(self, card: dict[str, Any], preview: bytes) -> httpx.Response:
        header = base64.b64encode(json.dumps(card).encode()).decode()
        url = f"/bridge/v1/assets/{card['asset_id']}/preview"
        return self._http.put(url, content=preview, headers=self._headers | {"X-Kuaimen-Asset": header})

    def announce(self, *cards: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._http.post("/bridge/v1/assets", json={"assets": list(cards)}, headers=self._headers)
        answer.raise_for_status()
        return answer.json()["assets"]

    def send(self, grant: dict[str, Any], original: bytes, *, only: int | None = None) -> None:
        size = grant["part_bytes"]
        for part in grant["parts"][:only]:
            start = (part["number"] - 1) * size
            data = original[start : start + size]
            self._http.request(part["method"], part["url"], content=data, headers=part["headers"]).raise_for_status()

    def complete(self, card: dict[str, Any], upload_id: str) -> httpx.Response:
        said = {"sha256": card["sha256"], "size": card["size"], "upload_id": upload_id}
        return self._http.post(f"/bridge/v1/assets/{card['asset_id']}/complete", json=said, headers=self._headers)

    def original(self, card: dict[str, Any], original: bytes) -> httpx.Response:
        [found] = self.announce(card)
        if found["upload"] is None:
            return self.complete(card, "")
        self.send(found["upload"], original)
        return self.complete(card, found["upload"]["upload_id"])

    def shoot(self, preview: bytes, original: bytes | None = None, **more: object) -> dict[str, Any]:
        """A photo the usual way: preview first, then the original. Returns the last answer."""
        card = self.card(original or preview, **more)
        said = self.preview(card, preview)
        said.raise_for_status()
        if original is not None:
            said = self.original(card, original)
            said.raise_for_status()
        return said.json()

    def get(self, path: str) -> httpx.Response:
        return self._http.get(f"/bridge/v1{path}", headers=self._headers)

    def post(self, path: str, said: object) -> httpx.Response:
        return self._http.post(f"/bridge/v1{path}", json=said, headers=self._headers)
