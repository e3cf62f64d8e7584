"""The desired state of one server, for a run without Pulumi: read and checked as a whole.

It is JSON text without any secret::

    {"provider": {"endpoint": …, "secure": …, "region": …, "owner": …, "ownerId": …},
     "buckets": [inputs of a Bucket, …],
     "policies": [inputs of a Policy, …],
     "users": [{"name": …, "policies": […]}, …],
     "others": [names of users and policies of this owner that stand elsewhere, …]}

The secrets come beside it: the admin's key, and one for each user.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from providers.minio_admin import configuration, fields
from providers.minio_admin.attachment import Attachment
from providers.minio_admin.bucket import Bucket
from providers.minio_admin.errors import one_line
from providers.minio_admin.policy import Policy
from providers.minio_admin.resource import is_ours
from providers.minio_admin.user import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.minio_admin.client import Settings
    from providers.minio_admin.resource import Resource
    from providers.minio_admin.values import Plain

BUCKET: Final = Bucket()
POLICY: Final = Policy()
USER: Final = User()
ATTACHMENT: Final = Attachment()

_PATH: Final = "desired state"
_PARTS: Final = ("provider", "buckets", "policies", "users", "others")
_LISTS: Final = ("buckets", "policies", "users")


class DesiredStateError(Exception):
    """The desired state, or what belongs to it, cannot be acted on; one line for each fault."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = tuple(one_line(fault) for fault in faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The admin's key, and what its server is trusted by."""

    access_key: str
    secret_key: str = field(repr=False)
    ca_certificate: str | None = None
    """PEM text of the only authority to trust; None: the known ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What shall stand on one server; inputs of resources, checked and with defaults."""

    settings: Settings
    buckets: tuple[Plain, ...]
    policies: tuple[Plain, ...]
    users: tuple[Plain, ...]
    attachments: tuple[Plain, ...]
    """One for each user."""

    others: frozenset[str]
    """Names of users and policies that bear our id and stand here for another reason."""

    def names(self, part: tuple[Plain, ...]) -> frozenset[str]:
        """The names in *part*, and those that must stay beside them."""
        return frozenset(str(inputs["name"]) for inputs in part) | self.others


def parse(text: str, keys: Keys) -> DesiredState:
    """Read the desired state.

    Args:
        text: The JSON text.
        keys: Of the server's admin.

    Raises:
        DesiredStateError: with all faults of its parts; nothing of it was done.
    """
    parts = _parts(text)
    settings = _settings(parts["provider"], keys)
    given = {name: cast("list[Plain]", parts[name]) for name in _LISTS}
    words = (("name", "user"), ("policies", "policies"))
    attached = [{new: user[old] for old, new in words if old in user} for user in given["users"]]
    users = [{k: v for k, v in user.items() if k != "policies"} for user in given["users"]]
    found = (
        _settled(BUCKET, settings, given["buckets"]),
        _settled(POLICY, settings, given["policies"]),
        _settled(USER, settings, users),
        _settled(ATTACHMENT, settings, attached),
    )
    _refuse(*(fault for _, faults in found for fault in faults))
    buckets, policies, accounts, attachments = (inputs for inputs, _ in found)
    return DesiredState(
        settings=settings,
        buckets=buckets,
        policies=policies,
        users=accounts,
        attachments=attachments,
        others=frozenset(cast("list[str]", parts["others"])),
    )


def _parts(text: str) -> Plain:
    """The five parts, each of its shape."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict) or set(value) != set(_PARTS):
        _refuse(f"{_PATH}: JSON with {', '.join(_PARTS)} is accepted, other text was found")
    parts = cast("Plain", value)
    wrong: list[str] = []
    if not isinstance(parts["provider"], dict):
        wrong.append(f"{_PATH} provider: an object is accepted, another value was found")
    for name, item, says in (
        *((name, dict, "objects") for name in _LISTS),
        ("others", str, "texts"),
    ):
        some = parts[name]
        if not isinstance(some, list) or not all(isinstance(one, item) for one in some):
            wrong.append(f"{_PATH} {name}: another value found, a list of {says} is accepted")
    _refuse(*wrong)
    return parts


def _settings(provider: object, keys: Keys) -> Settings:
    secret: Plain = {"accessKey": keys.access_key, "secretKey": keys.secret_key}
    if keys.ca_certificate is not None:
        secret["caCertificate"] = keys.ca_certificate
    values = fields.with_defaults(fields.CONFIG, {**cast("Plain", provider), **secret})
    _refuse(*configuration.faults(values))
    return configuration.settings(values)


def _settled(
    resource: Resource, settings: Settings, given: list[Plain]
) -> tuple[tuple[Plain, ...], tuple[str, ...]]:
    """The inputs of some resources with defaults, and their faults."""
    settled = tuple(resource.settle(inputs) for inputs in given)
    faults: list[str] = []
    for before, inputs in zip(given, settled, strict=True):
        wrong = tuple(fields.check(resource.table, resource.path(settings, before), before))
        faults += wrong or resource.faults(settings, {}, inputs)
        if not wrong:
            faults += _unmarked(resource, settings, inputs)
    names = Counter(str(inputs.get(resource.key)) for inputs in settled)
    twice = [name for name, number in names.items() if number > 1]
    faults += [f"{_PATH} {resource.word} {name}: stands twice, each name once" for name in twice]
    return settled, tuple(faults)


def _unmarked(resource: Resource, settings: Settings, inputs: Plain) -> Iterator[str]:
    """Without our id in its name, no later run would know it as ours and remove it."""
    if isinstance(resource, (Policy, User)) and not is_ours(settings, str(inputs["name"])):
        yield (
            f"{resource.path(settings, inputs)} name: is not of this stack, a name with "
            f"{settings.owner_id} in it is accepted"
        )


def _refuse(*faults: str) -> None:
    if faults:
        raise DesiredStateError(faults)
