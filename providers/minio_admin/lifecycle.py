"""Lifecycle rules: ours as plain values, all others as the XML that they are.

Our rules bear ids that begin with ``argo-artifacts/``. A rule of ours is one or two rules of the
server, since expiry after days and the removal of delete markers exclude each other there. No
rule for incomplete uploads: the server refuses it alone and drops it beside others.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from providers.minio_admin import fields, names
from providers.minio_admin.fields import RULE
from providers.minio_admin.values import Plain, has_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_OURS: Final = "argo-artifacts/"
_MARKERS: Final = "/delete-markers"
_MOST: Final = 1000
"""Rules that a bucket can have."""

_LONGEST_PREFIX: Final = 1024
_MOST_DAYS: Final = 2**31 - 1


def parse(text: bytes | None) -> list[ET.Element]:
    """Split the server's answer into rules without namespaces."""
    if text is None:
        return []
    root = ET.fromstring(text)  # noqa: S314 - the server that holds our admin key
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root.findall("Rule")


def write(rules: Iterable[ET.Element]) -> bytes:
    """Join rules to what the server reads."""
    root = ET.Element("LifecycleConfiguration")
    root.extend(rules)
    return ET.tostring(root)


def ours(rules: Iterable[ET.Element]) -> list[ET.Element]:
    """Return the rules that are ours."""
    return [rule for rule in rules if _id(rule).startswith(_OURS)]


def foreign(rules: Iterable[ET.Element]) -> list[ET.Element]:
    """Return the rules that are not ours."""
    return [rule for rule in rules if not _id(rule).startswith(_OURS)]


def render(rules: Sequence[Plain]) -> list[ET.Element]:
    """Spell our rules for the server."""
    return [element for rule in settle(rules) for element in _elements(rule)]


def describe(rules: Iterable[ET.Element]) -> list[Plain]:
    """Tell the server's rules in our words, sorted by id.

    A rule that these words cannot tell keeps its XML under ``xml``, so that it differs from any
    rule that a program can give.
    """
    pairs: dict[str, list[ET.Element]] = {}
    for element in rules:
        name = _id(element)
        if name.startswith(_OURS):
            name = name.removesuffix(_MARKERS)
        pairs.setdefault(name, []).append(element)
    return settle([_describe(name, elements) for name, elements in pairs.items()])


def settle(rules: Iterable[Plain]) -> list[Plain]:
    """Sort rules by id and fill in what they leave out."""
    filled = [fields.with_defaults(RULE, rule) for rule in rules]
    return sorted(filled, key=lambda rule: str(rule.get("id")))


def faults(path: str, rules: Sequence[object]) -> Iterator[str]:
    """Find rules that the server would refuse."""
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        place = f"{path} lifecycle[{index}]"
        if isinstance(rule, dict):
            wrong = [*fields.check(RULE, place, rule), *_meaning(place, rule)]
            yield from wrong
            if not wrong and (name := str(rule["id"])) in seen:
                yield f"{place} id: {name!r} stands twice, each id once"
            seen.add(str(rule.get("id")))
    whole = [rule for rule in rules if isinstance(rule, dict) and _is_whole(rule)]
    if sum(len(_elements(rule)) for rule in whole) > _MOST:
        yield f"{path} lifecycle: too many rules, {_MOST} are accepted"


def _is_whole(rule: Plain) -> bool:
    return not has_unknown(rule) and "id" in rule


def _meaning(place: str, rule: Plain) -> Iterator[str]:
    name = rule.get("id")
    if isinstance(name, str) and (wrong := names.rule(name)):
        yield f"{place} id: {wrong}"
    prefix = rule.get("prefix", "")
    if isinstance(prefix, str) and len(prefix.encode()) > _LONGEST_PREFIX:
        yield f"{place} prefix: too long, {_LONGEST_PREFIX} bytes are accepted"
    kinds = ("expireDays", "noncurrentExpireDays")
    for key in kinds:
        days = rule.get(key)
        if isinstance(days, int) and not 1 <= days <= _MOST_DAYS:
            yield f"{place} {key}: {days} found, 1 day or more is accepted"
    if not any(rule.get(key) for key in (*kinds, "expireDeleteMarkers")):
        yield (
            f"{place}: no expiry, expireDays, noncurrentExpireDays or expireDeleteMarkers is "
            "required"
        )


def _elements(rule: Plain) -> list[ET.Element]:
    name = f"{_OURS}{rule['id']}"
    parts: list[ET.Element] = []
    if "expireDays" in rule or "noncurrentExpireDays" in rule:
        element = _element(name, rule)
        _add(element, "Expiration/Days", rule.get("expireDays"))
        _add(
            element, "NoncurrentVersionExpiration/NoncurrentDays", rule.get("noncurrentExpireDays")
        )
        parts.append(element)
    if rule.get("expireDeleteMarkers"):
        element = _element(f"{name}{_MARKERS}", rule)
        _add(element, "Expiration/ExpiredObjectDeleteMarker", "true")
        parts.append(element)
    return parts


def _element(name: str, rule: Plain) -> ET.Element:
    element = ET.Element("Rule")
    ET.SubElement(element, "ID").text = name
    ET.SubElement(element, "Status").text = "Enabled"
    _add(element, "Filter/Prefix", rule.get("prefix", ""))
    return element


def _add(element: ET.Element, path: str, value: object) -> None:
    """Add a leaf below *element*, unless the value is missing."""
    if value is None:
        return
    *branches, leaf = path.split("/")
    for branch in branches:
        element = ET.SubElement(element, branch)
    ET.SubElement(element, leaf).text = str(value)


def _describe(name: str, elements: list[ET.Element]) -> Plain:
    first = elements[0]
    prefix = first.findtext("Filter/Prefix") or first.findtext("Prefix") or ""
    rule: Plain = {"id": name.removeprefix(_OURS), "prefix": prefix, "expireDeleteMarkers": False}
    for element in elements:
        for key, path in (
            ("expireDays", "Expiration/Days"),
            ("noncurrentExpireDays", "NoncurrentVersionExpiration/NoncurrentDays"),
        ):
            days = element.findtext(path) or ""
            if re.fullmatch(r"\d+", days):
                rule[key] = int(days)
        if element.findtext("Expiration/ExpiredObjectDeleteMarker") == "true":
            rule["expireDeleteMarkers"] = True
    told = sorted(_canonical(element) for element in _elements(rule))
    seen = sorted(_canonical(element) for element in elements)
    if told != seen:
        rule["xml"] = "".join(seen)
    return rule


def _canonical(rule: ET.Element) -> str:
    """Spell a rule so that the order of its parts does not matter."""
    ordered = copy.deepcopy(rule)
    for element in ordered.iter():
        element[:] = sorted(element, key=lambda part: (part.tag, ET.tostring(part)))
        if len(element):
            element.text = element.tail = None
    return ET.canonicalize(ET.tostring(ordered, encoding="unicode"), strip_text=True)


def _id(rule: ET.Element) -> str:
    return rule.findtext("ID") or ""
