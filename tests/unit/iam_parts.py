"""Parts of documents: each set that lacks one statement, condition or value."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.aws_world import Call


def parts(found: dict):
    """Each set of documents that lacks one part of one of them, and the part's name."""
    for title, document in found.items():
        for index, statement in enumerate(document["Statement"]):
            name = f"{title}: {statement['Sid']}"

            def without(title: str = title, index: int = index) -> tuple[dict, dict]:
                copy = deepcopy(found)
                return copy, copy[title]["Statement"][index]

            copy, _ = without()
            del copy[title]["Statement"][index]
            yield f"{name}: statement", copy
            for key in ("Action", "Resource"):
                values = statement.get(key, [])
                for value in values if len(values) > 1 else ():
                    copy, smaller = without()
                    smaller[key].remove(value)
                    yield f"{name}: {key} {value}", copy
            for operator, tests in statement.get("Condition", {}).items():
                for key, values in tests.items():
                    copy, wider = without()
                    del wider["Condition"][operator][key]
                    yield f"{name}: {operator} {key}", copy
                    for value in values if len(values) > 1 else ():
                        copy, smaller = without()
                        smaller["Condition"][operator][key].remove(value)
                        yield f"{name}: {operator} {key} {value}", copy


def decisive(right: list[Call], found: dict) -> dict:
    """The documents of the buckets and repositories that the allowed calls *right* reach."""
    idle = {"bucket acme-models", "models trust", "models policy"}
    if "acme-models" in {call.bucket for call in right}:
        idle = set()
    return {title: document for title, document in found.items() if title not in idle}
