"""What the types of resources have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

from botocore.exceptions import ClientError

from tests.engine.aws_double.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from providers.minio_admin.values import Plain
    from tests.engine.aws_double.account import Account
    from tests.engine.aws_double.shelf import Shelf

_SPELT: Final = {"Id": "ID", "SseAlgorithm": "SSEAlgorithm", "KmsMasterKeyId": "KMSMasterKeyID"}
_HEARD: Final = {upper: name[0].lower() + name[1:] for name, upper in _SPELT.items()}


class Kind(ABC):
    """A type of resource: what a program may say of it, and the calls behind it."""

    token: ClassVar[str]
    taught: ClassVar[frozenset[str]]
    """Inputs that the calls heed; another one is refused, although the SDK has it."""

    named: ClassVar[str] = ""
    """The input with the physical name, which the real provider makes up where it is absent."""

    documents: ClassVar[frozenset[str]] = frozenset()
    """Inputs that hold JSON, compared by meaning."""

    defaults: ClassVar[Mapping[str, object]] = {}
    """Values of inputs that are absent."""

    kept: ClassVar[frozenset[str]] = frozenset()
    """Properties that no call reads back."""

    secret: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        """Make it; return its id."""

    @abstractmethod
    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        """What stands there under an id; None: nothing.

        Args:
            account: Where to look.
            shelf: What moto lacks.
            found: The id.
            known: What was last known; empty in an import, but for the region.
        """

    @abstractmethod
    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        """Change it in place."""

    @abstractmethod
    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        """Remove it."""

    def same(self, name: str, old: object, new: object) -> bool:
        """Whether two values of a property mean the same."""
        if name in self.documents and isinstance(old, str) and isinstance(new, str):
            return json.loads(old) == json.loads(new)
        return old == new


@contextmanager
def absent(*codes: str) -> Iterator[None]:
    """Take an answer with one of these codes for "there is none".

    Raises:
        LookupError: That was the answer.
    """
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            raise LookupError from None
        raise


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what failed, as the real provider does: ``creating IAM Role (x): Code: text``."""
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        text = " ".join(str(answer["Message"]).split())
        raise RefusalError(what, f"{answer['Code']}: {text}") from None


def to_api(value: object) -> object:
    """Spell the names of an object's properties as the API does: ``noncurrentDays`` with a N."""
    if isinstance(value, dict):
        return {_upper(name): to_api(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [to_api(inner) for inner in value]
    return value


def from_api(value: object) -> object:
    """Spell them as Pulumi does."""
    if isinstance(value, dict):
        return {
            _HEARD.get(name, name[0].lower() + name[1:]): from_api(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [from_api(inner) for inner in value]
    return value


def _upper(name: str) -> str:
    upper = name[0].upper() + name[1:]
    return _SPELT.get(upper, upper)


def tag_list(inputs: Mapping[str, object], key: str = "Key", value: str = "Value") -> list[dict]:
    """Tags as the API takes them."""
    tags = inputs.get("tags") or {}
    assert isinstance(tags, dict)
    return [{key: name, value: text} for name, text in tags.items()]


def tagged(answer: object, key: str = "Key", value: str = "Value") -> dict[str, object]:
    """The properties of tags that the API answered."""
    assert isinstance(answer, list)
    tags = {str(tag[key]): str(tag[value]) for tag in answer}
    return {"tags": tags or None, "tagsAll": tags}
