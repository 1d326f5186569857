"""Endpoints that check what they are asked with pydantic and describe themselves as OpenAPI 3.1.

A decorator and a walk over the app's routes: libraries that do this read every answer back into memory, which ends a
stream of server-sent events.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from inspect import unwrap
from itertools import pairwise
from typing import Any, Final

from flask import Flask, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.errors import BadInput
from backend.http import answer, checked

REF: Final = "#/components/schemas/{model}"
View = Callable[..., ResponseReturnValue]
Content = dict[Any, dict[str, Any]]


class Problem(BaseModel):
    """Every error."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a view takes and gives. An answer of None has no JSON body (204, a stream, a redirect)."""

    query: type[BaseModel] | None = None
    json: type[BaseModel] | None = None
    answers: dict[int, type[BaseModel] | None] = field(default_factory=dict)
    summary: str = ""
    name: str = ""  # Flask's
    right: str | None = None  # what a member needs


def endpoint(
    *,
    query: type[BaseModel] | None = None,
    json: type[BaseModel] | None = None,
    answers: dict[int, type[BaseModel] | None] | None = None,
) -> Callable[[View], View]:
    """Calls the view with `query=` and `json=` as values of these types. Raises BadInput naming every wrong field."""

    def decorate(view: View) -> View:
        @wraps(view)
        def called(*who: Any, **path: Any) -> ResponseReturnValue:  # noqa: ANN401 - http.needs', Flask's path arguments
            asked: dict[str, BaseModel] = {}
            if query is not None:
                asked["query"] = checked(query, request.args.to_dict())
            if json is not None:
                said = request.get_json(silent=True)
                if not isinstance(said, dict):
                    raise BadInput("the body is not a JSON object")
                asked["json"] = checked(json, said)
            return view(*who, **path, **asked)

        summary = (view.__doc__ or view.__name__.replace("_", " ")).strip().splitlines()[0]
        called.endpoint = Endpoint(query, json, answers or {}, summary)  # type: ignore[attr-defined]
        return called

    return decorate


def describe(app: Flask, prefix: str, title: str) -> None:
    """Serve `<prefix>/openapi.json`: every route below the prefix."""

    def openapi() -> ResponseReturnValue:
        return answer(document(app, prefix, title))

    app.add_url_rule(f"{prefix}/openapi.json", f"openapi{prefix.replace('/', '_')}", openapi)


def document(app: Flask, prefix: str, title: str) -> dict[str, Any]:
    found: list[tuple[str, str, Endpoint]] = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule.startswith(f"{prefix}/") and not rule.rule.endswith("/openapi.json"):
            one = _described(rule.endpoint, app.view_functions[rule.endpoint])
            found += [(rule.rule, method, one) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    models = {model for _, _, one in found for model in (one.query, one.json, Problem, *one.answers.values()) if model}
    refs, schemas = models_json_schema([(m, "serialization") for m in sorted(models, key=str)], ref_template=REF)
    content: Content = {model: {"application/json": {"schema": ref}} for (model, _), ref in refs.items()}
    paths: dict[str, dict[str, Any]] = {}
    for path, method, one in found:
        paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), {})[method.lower()] = _operation(
            path, one, content
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _described(name: str, view: Any) -> Endpoint:  # noqa: ANN401 - Flask's view
    """What `endpoint` noted on the view, else what its code says: which models it hands to `body` and `query`."""
    noted = getattr(view, "endpoint", None)
    right = getattr(view, "right", None)
    if isinstance(noted, Endpoint):
        return replace(noted, name=name, right=right)
    plain = unwrap(view)
    called = [one.argval for one in dis.get_instructions(plain) if one.opname == "LOAD_GLOBAL"]
    models: dict[str, type[BaseModel] | None] = {}
    for function, model in pairwise(called):
        kind = plain.__globals__.get(model)
        if function in ("body", "query") and isinstance(kind, type) and issubclass(kind, BaseModel):
            models[function] = kind
    summary = (plain.__doc__ or plain.__name__.replace("_", " ")).strip().splitlines()[0]
    return Endpoint(models.get("query"), models.get("body"), {}, summary, name=name, right=right)


def _operation(rule: str, one: Endpoint, content: Content) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(?:\w+:)?(\w+)>", rule)
    ]
    if one.query is not None:
        shape = one.query.model_json_schema()
        needed = shape.get("required", [])
        parameters += [
            {"name": name, "in": "query", "required": name in needed, "schema": kind}
            for name, kind in shape["properties"].items()
        ]
    said: dict[str, Any] = {"operationId": one.name, "tags": [one.name.partition(".")[0]], "summary": one.summary}
    said |= {"parameters": parameters, "responses": {}}
    if one.right is not None:
        said |= {"x-right": one.right, "security": [{"token": []}]}
    if one.json is not None:
        said["requestBody"] = {"required": True, "content": content[one.json]}
    for status, model in one.answers.items():
        said["responses"][str(status)] = {"description": _words(status)} | (
            {"content": content[model]} if model else {}
        )
    if not one.answers:
        said["responses"]["200"] = {"description": "See docs/wire.md"}
    said["responses"]["default"] = {"description": "An error", "content": content[Problem]}
    return said


def _words(status: int) -> str:
    return {200: "OK", 202: "Not ready yet; ask again", 204: "Done"}.get(status, "See docs/wire.md")
