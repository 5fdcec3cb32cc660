"""Which verb may hold which, and with which attributes: read off the installed twilio package's own builder.

Its enumerations are not in the Python package: values of attributes are not checked.
"""

import ast
import inspect
from functools import cache
from xml.etree import ElementTree as ET

from twilio.twiml import TwiML, lower_camel, voice_response

MOST_BYTES = 64 * 1024


class BadTwiml(Exception):
    """As Twilio would report it; `code` is its error number."""

    def __init__(self, code: int, what: str) -> None:
        self.code = code
        super().__init__(f"{code} {what}")


@cache
def schema() -> dict[str, dict[str, frozenset[str]]]:
    """Tag → the tags it may hold → their attributes."""
    tree = ast.parse(inspect.getsource(voice_response))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    tags = {name: _tag(node) for name, node in classes.items()}
    found: dict[str, dict[str, frozenset[str]]] = {}
    for name, node in classes.items():
        children = found.setdefault(tags[name], {})
        for call in (call for call in ast.walk(node) if _builds(call, classes)):
            child, attributes = _built(call, classes)
            children[tags[child]] = attributes
    return found


def parse(body: bytes) -> ET.Element:
    """The document's root. Raises BadTwiml."""
    if len(body) > MOST_BYTES:
        raise BadTwiml(11750, f"{len(body)} bytes")
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        raise BadTwiml(12100, str(error)) from error
    if root.tag != "Response":
        raise BadTwiml(12100, f"root {root.tag}")
    _check(root)
    return root


def _check(element: ET.Element) -> None:
    for child in element:
        attributes = schema().get(element.tag, {}).get(child.tag)
        if attributes is None:
            raise BadTwiml(12200, f"{child.tag} inside {element.tag}")
        if unknown := set(child.attrib) - attributes:
            raise BadTwiml(12200, f"{child.tag} {', '.join(sorted(unknown))}")
        _check(child)


def _tag(node: ast.ClassDef) -> str:
    """What its constructor calls itself."""
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "self.name":
            return str(ast.literal_eval(part.value))
    return node.name


def _builds(call: ast.AST, classes: dict[str, ast.ClassDef]) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in classes


def _built(call: ast.AST, classes: dict[str, ast.ClassDef]) -> tuple[str, frozenset[str]]:
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    name = call.func.id
    own = inspect.signature(getattr(voice_response, name)).parameters  # becomes the element's text
    words = (word.arg for word in call.keywords if word.arg is not None and word.arg not in own)
    return name, frozenset(lower_camel(TwiML.MAP.get(word, word)) for word in words)
