"""Requests and answers held against Twilio's own OpenAPI document; what it does not know is an error, not a gift."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

Form = Mapping[str, Sequence[str]]
_DOCUMENT = Path(__file__).with_name("twilio_openapi.json")


class NotTwiliosInterface(Exception):
    """What Twilio's document does not allow."""


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = _in_plain_schema(json.loads(_DOCUMENT.read_text("utf-8")))
    return document


def _in_plain_schema(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema names the type null."""
    if isinstance(value, list):
        return [_in_plain_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _in_plain_schema(item) for name, item in value.items() if name != "nullable"}
    if value.get("nullable") is True and isinstance(value.get("type"), str):
        plain["type"] = [value["type"], "null"]
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
    return plain


def operation(method: str, path: str) -> dict[str, Any]:
    """What the document says of it. Raises NotTwiliosInterface."""
    for known, methods in _document()["paths"].items():
        pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(known))
        if re.fullmatch(pattern, path) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    raise NotTwiliosInterface(f"{method} {path}")


def check_request(method: str, path: str, query: Form, form: Form) -> None:
    """Raises NotTwiliosInterface."""
    asked = operation(method, path)
    known = {each["name"]: each["schema"] for each in asked.get("parameters", ()) if each["in"] == "query"}
    _check(query, {"type": "object", "properties": known})
    if method == "POST":
        content = asked["requestBody"]["content"]["application/x-www-form-urlencoded"]
        _check(form, content["schema"])


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    """Of one that is no error: those the document does not speak of. Raises NotTwiliosInterface."""
    answers = operation(method, path)["responses"]
    if str(status) not in answers:
        raise NotTwiliosInterface(f"{method} {path} does not answer {status}")
    if "content" not in answers[str(status)]:
        if body:
            raise NotTwiliosInterface(f"{method} {path} answers {status} without a word")
        return
    schema = answers[str(status)]["content"]["application/json"]["schema"]
    _held_against(schema, body)
    _no_unknown(schema, body)


def _check(given: Form, schema: Mapping[str, Any]) -> None:
    properties = schema.get("properties", {})
    if unknown := set(given) - set(properties):
        raise NotTwiliosInterface(f"no parameter {', '.join(sorted(unknown))}")
    values = {name: _typed(texts, properties[name]) for name, texts in given.items()}
    _held_against(schema, values)


def _typed(texts: Sequence[str], schema: Mapping[str, Any]) -> Any:
    """A form has texts alone."""
    kind = schema.get("type")
    if kind == "array":
        return list(texts)
    if len(texts) != 1:
        raise NotTwiliosInterface(f"given {len(texts)} times: {texts[0][:40]}")
    [text] = texts
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    return {"true": True, "false": False}.get(text.lower(), text) if kind == "boolean" else text


def _held_against(schema: Mapping[str, Any], value: Any) -> None:
    whole = {**schema, "components": _document()["components"]}
    for error in Draft202012Validator(whole).iter_errors(value):
        raise NotTwiliosInterface(f"{'/'.join(map(str, error.path))}: {error.message[:200]}")


def _no_unknown(schema: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    known = schema if not name else _document()["components"]["schemas"][name]
    if unknown := set(body) - set(known["properties"]):
        raise NotTwiliosInterface(f"the answer has no {', '.join(sorted(unknown))}")
    for kind in ("call", "recording"):
        for each in body.get(f"{kind}s", ()):
            _no_unknown({"$ref": f"api.v2010.account.{kind}"}, each)
