"""What goes over the wire: a request as the sandbox sees it, its answer, a refusal, and OSS's XML."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, decoded once. `key` is empty for a question about the bucket. Header names are lower case."""

    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def host(self) -> str:
        return self.headers.get("host", "")


@dataclass(slots=True)
class Answer:
    """`length`: what Content-Length says where it is not the body's (HEAD)."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None


class Refusal(Exception):
    """An error of OSS: status, code, words, and what else its XML or its headers say."""

    def __init__(
        self, status: int, code: str, message: str, *, extra: dict[str, str] | None = None, ec: str = ""
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.ec = status, code, message, ec
        self.extra = extra or {}

    def answer(self, ask: Ask, request_id: str) -> Answer:
        """An answer to HEAD has no body, so the error goes into a header."""
        said = {"Code": self.code, "Message": self.message, "RequestId": request_id, "HostId": ask.host, **self.extra}
        if self.ec:
            said["EC"] = self.ec
        body = xml("Error", *(element(tag, text) for tag, text in said.items()))
        headers = {"x-oss-ec": self.ec} if self.ec else {}
        if ask.method == "HEAD":
            return Answer(self.status, headers | {"x-oss-err": base64.b64encode(body).decode()}, length=0)
        return Answer(self.status, headers | {"Content-Type": "application/xml"}, body)


def element(tag: str, inside: str | int | Iterable[ET.Element] = "") -> ET.Element:
    made = ET.Element(tag)
    if isinstance(inside, (str, int)):
        made.text = str(inside)
    else:
        made.extend(inside)
    return made


def xml(tag: str, *inside: ET.Element) -> bytes:
    """A document without a namespace: OSS has none, and its clients find nothing where there is one."""
    text = ET.tostring(element(tag, inside), encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def xml_answer(tag: str, *inside: ET.Element, headers: dict[str, str] | None = None) -> Answer:
    return Answer(200, {"Content-Type": "application/xml", **(headers or {})}, xml(tag, *inside))


def parsed(body: bytes) -> ET.Element:
    """Raises Refusal MalformedXML."""
    try:
        return ET.fromstring(body)  # noqa: S314 # signed by ourselves, on the loopback; expat limits entities
    except ET.ParseError:
        raise Refusal(400, "MalformedXML", "The XML you provided was not well-formed.") from None
