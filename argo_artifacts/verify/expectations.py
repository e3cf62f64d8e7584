"""Expectations: what each credential must be able to do, and must be refused; data only.

Everything here follows from the access plan. What only a run can know comes in as
:class:`Facts`; nothing here asks a server. On AWS the last two groups are others, see
:mod:`argo_artifacts.verify.aws_expectations`.

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
from typing import TYPE_CHECKING, Final, TypeVar

from argo_artifacts.access.words import VERBS
from argo_artifacts.verify.aws_expectations import account_on_aws, session_on_aws
from argo_artifacts.verify.checks import SETTINGS, Expectation, Seed
from argo_artifacts.verify.identities import NODE
from argo_artifacts.verify.index import Index
from argo_artifacts.verify.places import Holder, Place, folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from argo_artifacts.access.words import Verb
    from argo_artifacts.verify.checks import Group
    from argo_artifacts.verify.identities import Identity

MAX_NEIGHBOURS: Final = 8
"""Neighbours' prefixes at which each credential is tried: all of a small stack; in a large one
every prefix is tried by as many others, and the number of calls stays in step with the tenants."""

MAX_OTHER_BUCKETS: Final = 2
"""Other buckets of the plan at which each credential is tried."""


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
    identities: Iterable[Identity], facts: Facts, tenants: Iterable[str] | None = None
) -> tuple[Expectation, ...]:
    """All rows of the identities of *tenants* (None: of all), in their order."""
    chosen = None if tenants is None else set(tenants)
    everyone = tuple(identities)
    view = _View(everyone, facts)
    rows: list[Expectation] = []
    for identity in everyone:
        if chosen is None or identity.holder.tenant in chosen:
            rows += _rows(view, identity)
    return tuple(rows)


T = TypeVar("T", str, Place)

_NO_SECRET: Final = ("default entry", "entry")


class _View:
    """The plan as a run sees it: who may do what where, and who holds one key."""

    def __init__(self, identities: Iterable[Identity], facts: Facts) -> None:
        self.facts = facts
        self.index = Index(identities, facts.servers)
        self.groups: dict[int, list[Holder]] = {}
        for holder, number in facts.same_key.items():
            self.groups.setdefault(number, []).append(holder)

    def twins(self, holder: Holder) -> set[Holder]:
        """Everyone with the same access key, *holder* included."""
        number = self.facts.same_key.get(holder)
        return {holder} if number is None else set(self.groups[number])

    def planned(self, holder: Holder, place: Place) -> set[Verb]:
        """What the holder's session may do below *place* by the plan."""
        kin = self.index.kin(holder)
        may = self.index.verbs(place)
        return {verb for other, verbs in may.items() if other in kin for verb in verbs}

    def effective(self, holder: Holder, place: Place) -> set[Verb]:
        """What the holder's access key may do below *place*, whoever else holds it."""
        number = self.facts.same_key.get(holder)
        found = self.planned(holder, place)
        for other, verbs in self.index.verbs(place).items():
            if number is not None and self.facts.same_key.get(other) == number:
                found |= verbs
        return found

    def seed(self, holder: Holder, place: Place) -> Seed | None:
        """The object at *place* for the checks of *holder*; None: nobody could ever write it."""
        key = f"{folder(place, self.facts.run, holder)}object"
        writers = self.index.holders(place, {"read", "write"})
        if writers:
            return Seed(place=place, key=key, by=holder if holder in writers else writers[0])
        if holder.repository in self.facts.external or place.server in self.facts.provisioned:
            return Seed(place=place, key=key, by=None)
        return None


def _rows(view: _View, identity: Identity) -> Iterator[Expectation]:
    holder = identity.holder
    if not holder.account:
        yield from _entry(view, identity)
    if identity.way == "entry":
        return
    yield from session_on_aws(identity, _server(view, identity))
    for place in view.index.own(identity):
        yield from _own(view, holder, place)
    root = Place(server=_server(view, identity).server, bucket=identity.bucket)
    for check in ("list without prefix", "list uploads"):
        yield _refused(holder, "bucket", check, root)
    yield from _neighbours(view, identity)
    yield from _other_buckets(view, identity)
    for setting in SETTINGS:
        yield _refused(holder, "bucket settings", f"read {setting}", root)
    yield from _account(identity, _server(view, identity))


def _server(view: _View, identity: Identity) -> Place:
    return Place(server=view.facts.servers[identity.holder.repository])


def _account(identity: Identity, server: Place) -> Iterator[Expectation]:
    """What no identity may do on the whole server."""
    if identity.aws is not None:
        yield from account_on_aws(identity, server)
        return
    for check in ("server info", "list users", "own user info"):
        yield _refused(identity.holder, "admin calls", check, server)
    for check in ("mint service account", "change own secret"):
        yield _refused(identity.holder, "own account", check, server)


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


def _entry(view: _View, identity: Identity) -> Iterator[Expectation]:
    checks = ("default entry", "entry", "secret") if identity.way == "secret" else _NO_SECRET
    for check in checks:
        if check != "default entry" or identity.first:
            yield Expectation(
                holder=identity.holder,
                group="entry",
                check=check,
                place=_server(view, identity),
                expected="as planned",
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


def _neighbours(view: _View, identity: Identity) -> Iterator[Expectation]:
    own, holder = view.index.own(identity), identity.holder
    ring = view.index.places(own[0].server, own[0].bucket)
    for place in _next(ring, own[0], MAX_NEIGHBOURS, without=own):
        granted = view.effective(holder, place)
        if granted - view.planned(holder, place) or identity.session == NODE:
            yield _shared(view, identity, "neighbour", place)
        elif granted != set(VERBS):
            yield from _not_granted(view, holder, "neighbour", place, granted)


def _other_buckets(view: _View, identity: Identity) -> Iterator[Expectation]:
    holder, server = identity.holder, _server(view, identity).server
    buckets = view.index.buckets(server)
    for bucket in _next(buckets, identity.bucket, MAX_OTHER_BUCKETS, without=[identity.bucket]):
        places = view.index.places(server, bucket)
        closed = (place for place in places if not view.effective(holder, place))
        place = next(closed, None)
        if place is not None:
            for row in _not_granted(view, holder, "other bucket", place, set()):
                if row.check in ("list", "get"):
                    yield row
        elif any(not view.planned(holder, place) for place in places) or identity.session == NODE:
            yield _shared(view, identity, "other bucket", places[0])
        else:  # it may do something everywhere there: what it may not do is refused all the same
            granted = view.effective(holder, places[0])
            yield from _not_granted(view, holder, "other bucket", places[0], granted)
    if len(buckets) > 1:
        return
    others = [b for b in view.facts.buckets.get(server, ()) if b != identity.bucket]
    if others:
        place = Place(server=server, bucket=others[0])
        yield _refused(holder, "other bucket", "list", place)
    else:
        why = "no other bucket is known on this server"
        yield _not_applicable(holder, "other bucket", "other bucket", Place(server=server), why)


def _shared(view: _View, identity: Identity, group: Group, place: Place) -> Expectation:
    holder = identity.holder
    if identity.session == NODE:
        why = "the node's role serves every pod on it: nothing isolates them"
    else:
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
