"""What OSS does when asked: objects, listings, uploads by parts. The caller's grant is checked first."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from threading import RLock
from typing import Final
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

from launch.sandbox.oss.grants import Grant
from launch.sandbox.oss.shelf import Shelf, Stored, Upload
from launch.sandbox.oss.wire import Answer, Ask, Refusal, element, parsed, xml_answer

MIN_PART_BYTES: Final = 100 * 1024
MAX_PARTS: Final = 10_000
_KEPT: Final = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Route:
    """A request with this method, on an object or the bucket, with this parameter or header, is this operation."""

    method: str
    on_object: bool
    marker: str
    action: str
    run: Callable[[Operations, Ask], Answer]

    def fits(self, ask: Ask) -> bool:
        marked = not self.marker or self.marker in ask.query or self.marker in ask.headers
        return self.method == ask.method and self.on_object == bool(ask.key) and marked


class Operations:
    """One bucket. One operation at a time."""

    def __init__(self, shelf: Shelf, bucket: str) -> None:
        self._shelf, self._bucket, self._lock = shelf, bucket, RLock()

    def run(self, ask: Ask, grant: Grant) -> Answer:
        """Raises Refusal."""
        if ask.bucket != self._bucket:
            said = "The specified bucket does not exist."
            raise Refusal(404, "NoSuchBucket", said, extra={"BucketName": ask.bucket}, ec="0015-00000101")
        if len(ask.key.encode()) > 1023 or ask.key.startswith(("/", "\\")):
            raise Refusal(400, "InvalidObjectName", "The specified object is not valid.")
        route = next((one for one in ROUTES if one.fits(ask)), None)
        if route is None:
            raise Refusal(501, "NotImplemented", "The sandbox does not know this operation.")
        listed = None if ask.key else ask.query.get("prefix", "")
        grant.check(route.action, f"{ask.bucket}/{ask.key}" if ask.key else ask.bucket, listed)
        if "x-oss-copy-source" in ask.headers:
            grant.check("oss:GetObject", "/".join(_copy_source(ask)), None)
        _check_digest(ask)
        with self._lock:
            return route.run(self, ask)

    def put(self, ask: Ask) -> Answer:
        self._guard(ask)
        made = self._shelf.put(ask.key, ask.body, _kept(ask))
        return Answer(headers=_marks(made) | {"Content-MD5": _md5(ask.body)})

    def copy(self, ask: Ask) -> Answer:
        bucket, key = _copy_source(ask)
        found = self._shelf.bytes_of(key) if bucket == self._bucket else None
        if found is None:
            raise _no_such_key(key)
        self._guard(ask)
        replace = ask.headers.get("x-oss-metadata-directive", "COPY").upper() == "REPLACE"
        made = self._shelf.put(ask.key, found[1], _kept(ask) if replace else found[0].headers)
        said = element("LastModified", _iso(made.modified_ms)), element("ETag", f'"{made.etag}"')
        return xml_answer("CopyObjectResult", *said, headers=_marks(made))

    def get(self, ask: Ask) -> Answer:
        found = self._shelf.bytes_of(ask.key)
        if found is None:
            raise _no_such_key(ask.key)
        stored, data = found
        headers = _described(stored) | _overrides(ask)
        if ask.headers.get("if-match", stored.etag).strip('"') != stored.etag:
            raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions did not hold.")
        if ask.headers.get("if-none-match", "").strip('"') == stored.etag:
            return Answer(304, headers)
        wanted = _range(ask, len(data))
        if wanted is None:
            return Answer(200, headers, data)
        first, last = wanted
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Answer(206, headers, data[first : last + 1])

    def head(self, ask: Ask) -> Answer:
        stored = self._shelf.find(ask.key)
        if stored is None:
            raise _no_such_key(ask.key)
        return Answer(200, _described(stored), length=stored.size)

    def delete(self, ask: Ask) -> Answer:
        self._shelf.delete(ask.key)
        return Answer(204)

    def delete_several(self, ask: Ask) -> Answer:
        if "content-md5" not in ask.headers:
            raise Refusal(400, "MissingArgument", "Content-MD5 is required.")
        keys = [one.findtext("Key") or "" for one in parsed(ask.body).findall("Object")]
        for key in keys:
            self._shelf.delete(key)
        deleted = [element("Deleted", [element("Key", quote(key, safe=""))]) for key in keys]
        return xml_answer("DeleteResult", element("EncodingType", "url"), *deleted)

    def list(self, ask: Ask) -> Answer:
        prefix, delimiter = ask.query.get("prefix", ""), ask.query.get("delimiter", "")
        after = max(_token(ask), ask.query.get("start-after", ""))
        limit = _limit(ask, "max-keys", 100)
        lines = [line for line in _grouped(self._shelf.sorted(prefix), prefix, delimiter) if _name(line) > after]
        shown, more = lines[:limit], len(lines) > limit
        said = [element("Name", self._bucket), element("Prefix", quote(prefix, safe="")), element("MaxKeys", limit)]
        said += [element("Delimiter", quote(delimiter, safe="")), element("EncodingType", "url")]
        said += [element("IsTruncated", str(more).lower()), element("KeyCount", len(shown))]
        if more:
            said.append(element("NextContinuationToken", base64.urlsafe_b64encode(_name(shown[-1]).encode()).decode()))
        return xml_answer("ListBucketResult", *said, *map(_line, shown))

    def begin(self, ask: Ask) -> Answer:
        self._guard(ask)
        upload = self._shelf.begin(ask.key, _kept(ask))
        return xml_answer("InitiateMultipartUploadResult", *_names(ask, upload))

    def put_part(self, ask: Ask) -> Answer:
        number = _number(ask, "partNumber")
        if not 1 <= number <= MAX_PARTS:
            raise Refusal(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
        part = self._shelf.add_part(self._upload(ask), number, ask.body)
        return Answer(headers=_marks(part))

    def list_parts(self, ask: Ask) -> Answer:
        upload = self._upload(ask)
        after, limit = _number(ask, "part-number-marker", 0), _limit(ask, "max-parts", 1000)
        numbers = [number for number in sorted(upload.parts) if number > after]
        shown = numbers[:limit]
        said = [element("NextPartNumberMarker", shown[-1] if shown else 0), element("MaxParts", limit)]
        said.append(element("IsTruncated", str(len(numbers) > limit).lower()))
        for number in shown:
            part = upload.parts[number]
            inside = [element("PartNumber", number), element("LastModified", _iso(part.modified_ms))]
            inside += [element("ETag", f'"{part.etag}"'), element("HashCrc64ecma", part.crc)]
            said.append(element("Part", [*inside, element("Size", part.size)]))
        return xml_answer("ListPartsResult", *_names(ask, upload), *said)

    def complete(self, ask: Ask) -> Answer:
        upload = self._upload(ask)
        self._guard(ask)
        wanted = [
            (int(one.findtext("PartNumber") or 0), (one.findtext("ETag") or "").strip('"').upper())
            for one in parsed(ask.body).findall("Part")
        ]
        _check_parts(upload, wanted)
        made = self._shelf.join(upload, [number for number, _ in wanted])
        location = element("Location", f"http://{ask.host}/{quote(ask.key)}")
        names = element("Bucket", ask.bucket), element("Key", ask.key), element("ETag", f'"{made.etag}"')
        return xml_answer("CompleteMultipartUploadResult", location, *names, headers=_marks(made))

    def abort(self, ask: Ask) -> Answer:
        self._shelf.abort(self._upload(ask))
        return Answer(204)

    def list_uploads(self, ask: Ask) -> Answer:
        after = ask.query.get("key-marker", ""), ask.query.get("upload-id-marker", "")
        limit = _limit(ask, "max-uploads", 1000)
        listed = [one for one in self._shelf.uploads(ask.query.get("prefix", "")) if (one.key, one.upload_id) > after]
        shown, more = listed[:limit], len(listed) > limit
        last_key, last_id = (shown[-1].key, shown[-1].upload_id) if more else ("", "")
        said = [element("Bucket", ask.bucket), element("EncodingType", "url")]
        said += [element("NextKeyMarker", quote(last_key, safe="")), element("NextUploadIdMarker", last_id)]
        said.append(element("IsTruncated", str(more).lower()))
        for one in shown:
            names = element("Key", quote(one.key, safe="")), element("UploadId", one.upload_id)
            said.append(element("Upload", [*names, element("Initiated", _iso(one.begun_ms))]))
        return xml_answer("ListMultipartUploadsResult", *said)

    def _guard(self, ask: Ask) -> None:
        if ask.headers.get("x-oss-forbid-overwrite") == "true" and self._shelf.find(ask.key):
            said = "The object you specified already exists and can not be overwritten."
            raise Refusal(409, "FileAlreadyExists", said, ec="0026-00000002")

    def _upload(self, ask: Ask) -> Upload:
        upload = self._shelf.upload(ask.key, ask.query["uploadId"])
        if upload is None:
            said = "The specified upload does not exist. It may have been aborted or completed."
            raise Refusal(404, "NoSuchUpload", said, extra={"UploadId": ask.query["uploadId"]}, ec="0042-00000002")
        return upload


ROUTES: Final = (
    Route("PUT", True, "partNumber", "oss:PutObject", Operations.put_part),
    Route("PUT", True, "x-oss-copy-source", "oss:PutObject", Operations.copy),
    Route("PUT", True, "", "oss:PutObject", Operations.put),
    Route("POST", True, "uploads", "oss:PutObject", Operations.begin),
    Route("POST", True, "uploadId", "oss:PutObject", Operations.complete),
    Route("GET", True, "uploadId", "oss:ListParts", Operations.list_parts),
    Route("GET", True, "", "oss:GetObject", Operations.get),
    Route("HEAD", True, "", "oss:GetObject", Operations.head),
    Route("DELETE", True, "uploadId", "oss:AbortMultipartUpload", Operations.abort),
    Route("DELETE", True, "", "oss:DeleteObject", Operations.delete),
    Route("GET", False, "uploads", "oss:ListMultipartUploads", Operations.list_uploads),
    Route("GET", False, "list-type", "oss:ListObjects", Operations.list),
    Route("POST", False, "delete", "oss:DeleteObject", Operations.delete_several),
)


def _check_digest(ask: Ask) -> None:
    announced = ask.headers.get("content-md5")
    if announced is not None and announced != _md5(ask.body):
        raise Refusal(400, "InvalidDigest", "The Content-MD5 you specified did not match what we received.")


def _check_parts(upload: Upload, wanted: list[tuple[int, str]]) -> None:
    numbers = [number for number, _ in wanted]
    if not numbers:
        raise Refusal(400, "MalformedXML", "No parts.")
    if numbers != sorted(set(numbers)):
        raise Refusal(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    for number, etag in wanted:
        part = upload.parts.get(number)
        if part is None or part.etag != etag:
            said = "One or more of the specified parts could not be found or had another entity tag."
            raise Refusal(400, "InvalidPart", said, extra={"PartNumber": str(number)})
    for number in numbers[:-1]:
        if upload.parts[number].size < MIN_PART_BYTES:
            said = "Your proposed upload is smaller than the minimum allowed size."
            raise Refusal(400, "EntityTooSmall", said, extra={"PartNumber": str(number)})


def _kept(ask: Ask) -> dict[str, str]:
    kept = {name: value for name, value in ask.headers.items() if name in _KEPT or name.startswith("x-oss-meta-")}
    return {"content-type": "application/octet-stream"} | kept


def _marks(stored: Stored) -> dict[str, str]:
    return {"ETag": f'"{stored.etag}"', "x-oss-hash-crc64ecma": str(stored.crc)}


def _described(stored: Stored) -> dict[str, str]:
    modified = formatdate(stored.modified_ms / 1000, usegmt=True)
    kind = {"x-oss-object-type": stored.kind, "x-oss-storage-class": "Standard", "Accept-Ranges": "bytes"}
    return _marks(stored) | kind | {"Last-Modified": modified} | {k.title(): v for k, v in stored.headers.items()}


def _overrides(ask: Ask) -> dict[str, str]:
    """`response-content-disposition` and its like, which are part of what is signed."""
    wanted = ((name.removeprefix("response-"), value) for name, value in ask.query.items())
    return {name.title(): value for name, value in wanted if name in _KEPT and f"response-{name}" in ask.query}


def _range(ask: Ask, size: int) -> tuple[int, int] | None:
    """First and last byte, or None for all. What cannot be answered gets all, unless 416 is asked for."""
    found = _RANGE.fullmatch(ask.headers.get("range", ""))
    if not found or not (found[1] or found[2]):
        return None
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    else:
        first, last = max(0, size - int(found[2])), size - 1
    if first <= last:
        return first, last
    if ask.headers.get("x-oss-range-behavior") == "standard":
        raise Refusal(416, "InvalidRange", "The requested range cannot be satisfied.")
    return None


def _grouped(objects: list[Stored], prefix: str, delimiter: str) -> Iterator[Stored | str]:
    """Objects, and in place of those that share a name up to the delimiter that name, once."""
    last = ""
    for one in objects:
        at = one.key.find(delimiter, len(prefix)) if delimiter else -1
        if at < 0:
            yield one
        elif (shared := one.key[: at + len(delimiter)]) != last:
            last = shared
            yield shared


def _name(line: Stored | str) -> str:
    return line if isinstance(line, str) else line.key


def _line(line: Stored | str) -> ET.Element:
    if isinstance(line, str):
        return element("CommonPrefixes", [element("Prefix", quote(line, safe=""))])
    inside = [element("Key", quote(line.key, safe="")), element("LastModified", _iso(line.modified_ms))]
    inside += [element("ETag", f'"{line.etag}"'), element("Type", line.kind), element("Size", line.size)]
    return element("Contents", [*inside, element("StorageClass", "Standard")])


def _token(ask: Ask) -> str:
    try:
        return base64.b64decode(ask.query.get("continuation-token", ""), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Refusal(400, "InvalidArgument", "The continuation token provided is incorrect.") from None


def _limit(ask: Ask, name: str, default: int) -> int:
    limit = _number(ask, name, default)
    if not 1 <= limit <= 1000:
        raise Refusal(400, "InvalidArgument", f"Argument {name} must be an integer between 1 and 1000.")
    return limit


def _number(ask: Ask, name: str, default: int | None = None) -> int:
    """An empty parameter is an absent one."""
    said = ask.query.get(name) or default
    try:
        return int(said if said is not None else "")
    except ValueError:
        raise Refusal(400, "InvalidArgument", f"Argument {name} must be an integer.") from None


def _names(ask: Ask, upload: Upload) -> tuple[ET.Element, ...]:
    return element("Bucket", ask.bucket), element("Key", ask.key), element("UploadId", upload.upload_id)


def _copy_source(ask: Ask) -> tuple[str, str]:
    bucket, _, key = ask.headers["x-oss-copy-source"].partition("?")[0].lstrip("/").partition("/")
    return bucket, unquote(key)


def _no_such_key(key: str) -> Refusal:
    return Refusal(404, "NoSuchKey", "The specified key does not exist.", extra={"Key": key}, ec="0026-00000001")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _iso(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
