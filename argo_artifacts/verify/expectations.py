"""Expectations: what each credential must be able to do, and must be refused; data only.

Everything here follows from the access plan. What only a run can know comes in as
:class:`Facts`; nothing here asks a server.

==================  =======================================================  ==============
group               checks                                                   expected
==================  =======================================================  ==============
entry               default entry, entry, secret                             as planned
own prefix          put, get, head, list, multipart upload, abort upload,    by the verbs
                    delete                                                   granted there
own prefix          missing key                                              not found
own prefix          delete version (where the bucket keeps versions)         refused
bucket              list without prefix, list versions, list uploads         refused
neighbour           list, get, put, delete: each verb not granted there      refused
other bucket        list, get                                                refused
bucket settings     read policy, versioning, lifecycle, encryption, …        refused
admin calls         server info, list users, own user info                   refused
own account         mint a service account, change own secret                refused
==================  =======================================================  ==============
"""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from argo_artifacts.access.names import REPOSITORIES_CONFIG_MAP
from argo_artifacts.access.words import VERBS
from argo_artifacts.verify.places import Holder, Index, Place, folder, holder_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.access.words import Verb

MAX_NEIGHBOURS: Final = 8
"""Neighbours' prefixes at which each credential is tried: all of a small stack; in a large one
every prefix is tried by as many others, and the number of calls stays in step with the tenants."""

MAX_OTHER_BUCKETS: Final = 2
"""Other buckets of the plan at which each credential is tried."""

Group = Literal[
    "entry",
    "own prefix",
    "bucket",
    "neighbour",
    "other bucket",
    "bucket settings",
    "admin calls",
    "own account",
]

Setting = Literal[
    "policy",
    "versioning",
    "lifecycle",
    "encryption",
    "tagging",
    "object lock",
    "replication",
    "notification",
]
SETTINGS: Final[tuple[Setting, ...]] = (
    "policy",
    "versioning",
    "lifecycle",
    "encryption",
    "tagging",
    "object lock",
    "replication",
    "notification",
)
"""Settings of a bucket that have an action of their own, so that each is found out by itself."""

Expected = Literal["as planned", "allowed", "not found", "refused", "shared", "not applicable"]
"""``shared``: one access key serves both sides, nothing can be refused. ``not applicable``: the
plan and the server have nothing here that could be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An object that must stand before its checks count."""

    place: Place
    key: str
    by: Holder | None
    """Who writes it and reads it back: the owner of the prefix; None: the provisioner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One row: who does what, where, and what must come of it."""

    holder: Holder
    group: Group
    check: str
    place: Place
    expected: Expected
    key: str = ""
    """Object that the check reads or writes."""

    seed: Seed | None = None
    rests_on: tuple[str, ...] = ()
    """Checks of the same holder and place without which this one says nothing of its own. A
    refusal rests on all that its holder is allowed, see :mod:`argo_artifacts.verify.judge`."""

    why: str = ""
    """Reason, where nothing is tried."""

    @property
    def target(self) -> str:
        """Where it aims, in words."""
        if self.group == "entry":
            return f"ConfigMap {REPOSITORIES_CONFIG_MAP}"
        return str(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the plan cannot know."""

    run: str
    """Name of this run, a segment of every key."""

    servers: Mapping[str, str]
    """Address of the server of each repository."""

    external: frozenset[str] = frozenset()
    """Repositories whose server's policies are ours, so that there is a provisioner."""

    provisioned: frozenset[str] = frozenset()
    """Servers whose provisioning credential is at hand."""

    same_key: Mapping[Holder, int] = field(default_factory=dict[Holder, int])
    """Number of the access key that each holder was found to have; equal: one key."""

    buckets: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """All buckets of a server, as its provisioner lists them."""


def expectations(
    plan: AccessPlan, facts: Facts, tenants: Iterable[str] | None = None
) -> tuple[Expectation, ...]:
    """All rows of the credentials of *tenants* (None: of all), in the order of the plan."""
    chosen = None if tenants is None else set(tenants)
    view = _View(plan, facts)
    rows: list[Expectation] = []
    for credential in plan.credentials:
        if chosen is None or credential.tenant in chosen:
            rows += _rows(view, credential)
    return tuple(rows)


T = TypeVar("T", str, Place)


class _View:
    """The plan as a run sees it: who may do what where, and who holds one key."""

    def __init__(self, plan: AccessPlan, facts: Facts) -> None:
        self.plan = plan
        self.facts = facts
        self.index = Index(plan, facts.servers)
        self.groups: dict[int, list[Holder]] = {}
        for holder, number in facts.same_key.items():
            self.groups.setdefault(number, []).append(holder)

    def twins(self, holder: Holder) -> set[Holder]:
        """Everyone with the same access key, *holder* included."""
        number = self.facts.same_key.get(holder)
        return {holder} if number is None else set(self.groups[number])

    def effective(self, holder: Holder, place: Place) -> set[Verb]:
        """What the holder's access key may do below *place*, whoever else holds it."""
        number = self.facts.same_key.get(holder)
        return {
            verb
            for other, verbs in self.index.verbs(place).items()
            if other == holder or (number is not None and self.facts.same_key.get(other) == number)
            for verb in verbs
        }

    def seed(self, holder: Holder, place: Place) -> Seed | None:
        """The object at *place* for the checks of *holder*; None: nobody could ever write it."""
        key = f"{folder(place, self.facts.run, holder)}object"
        writers = self.index.holders(place, {"read", "write"})
        if writers:
            return Seed(place=place, key=key, by=holder if holder in writers else writers[0])
        if holder.repository in self.facts.external or place.server in self.facts.provisioned:
            return Seed(place=place, key=key, by=None)
        return None


def _rows(view: _View, credential: Credential) -> Iterator[Expectation]:
    holder = holder_of(credential)
    yield from _entry(view, credential, holder)
    for place in view.index.own(credential):
        yield from _own(view, holder, place)
    root = Place(server=view.facts.servers[credential.repository], bucket=credential.bucket)
    for check in ("list without prefix", "list uploads"):
        yield _refused(holder, "bucket", check, root)
    yield from _neighbours(view, credential, holder)
    yield from _other_buckets(view, credential, holder)
    for setting in SETTINGS:
        yield _refused(holder, "bucket settings", f"read {setting}", root)
    server = Place(server=root.server)
    for check in ("server info", "list users", "own user info"):
        yield _refused(holder, "admin calls", check, server)
    for check in ("mint service account", "change own secret"):
        yield _refused(holder, "own account", check, server)


def _refused(
    holder: Holder,
    group: Group,
    check: str,
    place: Place,
    *,
    key: str = "",
    seed: Seed | None = None,
) -> Expectation:
    return Expectation(
        holder=holder,
        group=group,
        check=check,
        place=place,
        expected="refused",
        key=key,
        seed=seed,
    )


def _entry(view: _View, credential: Credential, holder: Holder) -> Iterator[Expectation]:
    place = Place(server=view.facts.servers[credential.repository])
    first = view.plan.credentials_of(credential.tenant)[0]
    for check in ("default entry", "entry", "secret"):
        if check != "default entry" or credential is first:
            yield Expectation(
                holder=holder, group="entry", check=check, place=place, expected="as planned"
            )


@dataclass(frozen=True, slots=True)
class _Check:
    """A check on objects: the verb that it needs, and what it rests on when that is granted."""

    name: str
    verb: Verb
    rests_on: tuple[str, ...] = ()
    with_seed: bool = True


_OWN: Final = (
    _Check("put", "write", with_seed=False),
    _Check("get", "read", ("put",)),
    _Check("head", "read", ("get",)),
    _Check("list", "list", with_seed=False),
    _Check("multipart upload", "write", ("put",), with_seed=False),
    _Check("abort upload", "write", ("multipart upload",), with_seed=False),
    _Check("delete", "delete", ("put",)),
)
"""Where a verb is granted. ``put`` is the writing of the seed where the holder is its writer."""

_FOREIGN: Final = (
    _Check("list", "list", with_seed=False),
    _Check("get", "read"),
    _Check("put", "write", with_seed=False),
    _Check("delete", "delete"),
)
"""Where a verb is not granted, in the own prefix or in another's."""

_KEYS: Final = {"put": "put", "multipart upload": "upload", "abort upload": "upload"}
"""Last segment of the key of a check that needs a fresh one."""

_NOBODY: Final = "nobody of the plan may write here, so that there is no object to try it on"


def _own(view: _View, holder: Holder, place: Place) -> Iterator[Expectation]:
    granted = view.effective(holder, place)
    base = folder(place, view.facts.run, holder)
    seed = view.seed(holder, place)
    for check in _OWN:
        if check.verb not in granted:
            continue
        if check.with_seed and seed is None:
            yield _not_applicable(holder, "own prefix", check.name, place, _NOBODY)
            continue
        key = seed.key if seed is not None else ""
        if check.name in _KEYS and not (check.name == "put" and seed and seed.by == holder):
            key = f"{base}{_KEYS[check.name]}"
        yield Expectation(
            holder=holder,
            group="own prefix",
            check=check.name,
            place=place,
            expected="allowed",
            key=key,
            seed=seed,
            rests_on=tuple(name for name in check.rests_on if name != "put" or "write" in granted),
        )
    if {"list", "read"} <= granted:
        yield Expectation(
            holder=holder,
            group="own prefix",
            check="missing key",
            place=place,
            expected="not found",
            key=f"{base}missing",
            rests_on=("list", "get") if seed is not None else ("list",),
        )
    yield from _not_granted(view, holder, "own prefix", place, granted)
    if seed is not None:
        # no verb grants it: versioning is to protect from the holders of keys, too
        yield _refused(holder, "own prefix", "delete version", place, key=seed.key, seed=seed)


def _not_granted(
    view: _View, holder: Holder, group: Group, place: Place, granted: set[Verb]
) -> Iterator[Expectation]:
    """The refusals at *place*: one for each verb that is not granted there."""
    seed = view.seed(holder, place)
    for check in _FOREIGN:
        if check.verb in granted:
            continue
        if check.with_seed and seed is None:
            yield _not_applicable(holder, group, check.name, place, _NOBODY)
            continue
        fresh = f"{folder(place, view.facts.run, holder)}put"
        key = seed.key if check.with_seed and seed is not None else fresh
        yield _refused(
            holder, group, check.name, place, key=key, seed=seed if check.with_seed else None
        )


def _not_applicable(
    holder: Holder, group: Group, check: str, place: Place, why: str
) -> Expectation:
    return Expectation(
        holder=holder, group=group, check=check, place=place, expected="not applicable", why=why
    )


def _neighbours(view: _View, credential: Credential, holder: Holder) -> Iterator[Expectation]:
    own = view.index.own(credential)
    ring = view.index.places(own[0].server, own[0].bucket)
    for place in _next(ring, own[0], MAX_NEIGHBOURS, without=own):
        itself = view.index.verbs(place).get(holder, set())
        granted = view.effective(holder, place)
        if granted - itself:
            yield _shared(view, holder, "neighbour", place)
        elif granted != set(VERBS):
            yield from _not_granted(view, holder, "neighbour", place, granted)


def _other_buckets(view: _View, credential: Credential, holder: Holder) -> Iterator[Expectation]:
    server = view.facts.servers[credential.repository]
    buckets = view.index.buckets(server)
    for bucket in _next(buckets, credential.bucket, MAX_OTHER_BUCKETS, without=[credential.bucket]):
        places = view.index.places(server, bucket)
        closed = (place for place in places if not view.effective(holder, place))
        place = next(closed, None)
        if place is None:
            yield _shared(view, holder, "other bucket", places[0])
            continue
        for row in _not_granted(view, holder, "other bucket", place, set()):
            if row.check in ("list", "get"):
                yield row
    if len(buckets) > 1:
        return
    others = [b for b in view.facts.buckets.get(server, ()) if b != credential.bucket]
    if others:
        place = Place(server=server, bucket=others[0])
        yield _refused(holder, "other bucket", "list", place)
    else:
        why = "no other bucket is known on this server"
        yield _not_applicable(holder, "other bucket", "other bucket", Place(server=server), why)


def _shared(view: _View, holder: Holder, group: Group, place: Place) -> Expectation:
    twins = [str(t) for t in view.index.verbs(place) if t in view.twins(holder)]
    why = f"one access key serves {holder} and {', '.join(twins)}: nothing isolates them"
    return Expectation(
        holder=holder, group=group, check="reach it", place=place, expected="shared", why=why
    )


def _next(ring: Sequence[T], after: T, limit: int, *, without: Collection[T]) -> Iterator[T]:
    """The *limit* entries of the sorted *ring* that follow *after*, round its end."""
    start = bisect.bisect_right(ring, after)
    around = (ring[(start + step) % len(ring)] for step in range(len(ring)))
    return itertools.islice((entry for entry in around if entry not in without), limit)
