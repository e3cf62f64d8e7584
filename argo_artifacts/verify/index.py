"""Index: the plan by place: who may do what there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.verify.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.words import Verb
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.places import Holder


class Index:
    """The plan, by place: who may do what there."""

    def __init__(self, identities: Iterable[Identity], servers: Mapping[str, str]) -> None:
        self._servers = servers
        self._at: dict[Place, dict[Holder, set[Verb]]] = {}
        self._kin: dict[str, set[Holder]] = {}
        self._session: dict[Holder, str] = {}
        for identity in identities:
            self._kin.setdefault(identity.session, set()).add(identity.holder)
            self._session[identity.holder] = identity.session
            for place, access in zip(self.own(identity), identity.accesses, strict=True):
                here = self._at.setdefault(place, {})
                here.setdefault(identity.holder, set()).update(access.verbs)
        self._places: dict[tuple[str, str], list[Place]] = {}
        for place in sorted(self._at):
            self._places.setdefault((place.server, place.bucket), []).append(place)

    def own(self, identity: Identity) -> list[Place]:
        """The places of an identity, in the order of its accesses."""
        server = self._servers[identity.holder.repository]
        return [
            Place(server=server, bucket=identity.bucket, prefix=access.prefix)
            for access in identity.accesses
        ]

    def kin(self, holder: Holder) -> set[Holder]:
        """Everyone who by the plan acts in the same session, *holder* included."""
        return self._kin.get(self._session.get(holder, ""), {holder})

    def places(self, server: str, bucket: str) -> list[Place]:
        """All places in a bucket, sorted."""
        return self._places.get((server, bucket), [])

    def buckets(self, server: str) -> list[str]:
        """All buckets on a server, sorted."""
        return sorted(bucket for at, bucket in self._places if at == server)

    def verbs(self, place: Place) -> dict[Holder, set[Verb]]:
        """Who may do what below *place*, by a prefix that is it or holds it; the nearest first."""
        found: dict[Holder, set[Verb]] = {}
        for outer in _outwards(place):
            for holder, verbs in self._at.get(outer, {}).items():
                found.setdefault(holder, set()).update(verbs)
        return found

    def holders(self, place: Place, verbs: set[Verb]) -> list[Holder]:
        """Who may do all of *verbs* below *place*; the nearest first."""
        return [holder for holder, may in self.verbs(place).items() if verbs <= may]


def _outwards(place: Place) -> Iterator[Place]:
    """*place* and all that hold it, the nearest first; prefixes end in ``/``."""
    segments = place.prefix.split("/")[:-1]
    for count in range(len(segments), -1, -1):
        prefix = "".join(f"{segment}/" for segment in segments[:count])
        yield Place(server=place.server, bucket=place.bucket, prefix=prefix)
