"""Run: find the credentials, write the objects, try every check, clean up, report."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from argo_artifacts.verify.answers import Answer
from argo_artifacts.verify.aws_causes import of_aws, where_on_aws
from argo_artifacts.verify.aws_expectations import ANNOTATION
from argo_artifacts.verify.aws_probes import AwsProber, Opened, open_by_token
from argo_artifacts.verify.causes import (
    of_answer,
    of_denial,
    of_excess,
    where,
)
from argo_artifacts.verify.cleanup import Hands, clean
from argo_artifacts.verify.connections import Connections, address, server_of
from argo_artifacts.verify.expectations import (
    MAX_NEIGHBOURS,
    Facts,
    expectations,
)
from argo_artifacts.verify.identities import identities
from argo_artifacts.verify.in_pods import InPods
from argo_artifacts.verify.index import Index
from argo_artifacts.verify.ledger import Ledger
from argo_artifacts.verify.lookup import annotation, look_up
from argo_artifacts.verify.places import holder_of
from argo_artifacts.verify.probes import Prober
from argo_artifacts.verify.provisioning import NoSettingError, generated_keys
from argo_artifacts.verify.report import Report, Row
from argo_artifacts.verify.trial import ON_AWS, Stand, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.backends.common import ConfigKeys
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.verify.causes import Where
    from argo_artifacts.verify.checks import Expectation, Seed
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.in_pods import Pods
    from argo_artifacts.verify.ledger import Written
    from argo_artifacts.verify.lookup import Finding, Found, Reader
    from argo_artifacts.verify.places import Holder, Place
    from argo_artifacts.verify.store import Keys
    from argo_artifacts.verify.trial import Tried

_THREADS: Final = 8


class Watcher(Protocol):
    """Whoever looks on while a run goes."""

    def step(self, text: str) -> None:
        """Say what begins."""
        ...

    def stays(self, text: str) -> None:
        """Say what must not be overlooked, before an interrupted run ends."""
        ...

    def rows(self, done: int, total: int) -> None:
        """Say how many rows are known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to verify, and through what."""

    settings: Settings
    plan: AccessPlan
    reader: Reader
    admin: Callable[[ConfigKeys], Keys]
    """Gives the keys of a server's admin, or raises NoSettingError."""

    pods: Pods | None = None
    """Runs what only a pod can do; None: no image was given."""

    tenants: frozenset[str] | None = None
    """Whose credentials; None: everyone's."""


def verify(request: Request, watcher: Watcher) -> Report:
    """Verify; what it writes is removed again, also when it is interrupted."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="argo-artifacts-verify-") as scratch:
        run = _Run(request, watcher, Path(scratch))
        try:
            rows = run.check(run.prepare())
        except BaseException:
            run.stopped.set()
            for line in run.clean():
                watcher.stays(f"left behind: {line}")
            raise
        left = run.clean()
    return Report(
        stack=request.settings.owner,
        cluster=request.plan.cluster,
        run=run.name,
        seconds=time.monotonic() - start,
        rows=rows,
        notes=tuple(run.connections.notes),
        left_behind=left,
    )


class _Run:
    """One run: what its phases share."""

    def __init__(self, request: Request, watcher: Watcher, scratch: Path) -> None:
        self.name = f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(3)}"
        self.stopped = threading.Event()
        self.connections = Connections(request.settings, scratch)
        self._request = request
        self._identities = {i.holder: i for i in identities(request.settings, request.plan)}
        self._servers = {
            holder.repository: server_of(request.settings, holder.repository)
            for holder in self._identities
        }
        self._watcher = watcher
        self._ledger = Ledger()
        self._pods = InPods(request.pods, self._ledger, self.name)
        self._found: dict[Holder, Found] = {}
        self._stands: dict[Seed, Stand] = {}
        self._done = 0
        self._lock = threading.Lock()

    def prepare(self) -> tuple[Expectation, ...]:
        """Find the credentials and the provisioners, and derive what is expected."""
        request, connections = self._request, self.connections
        everyone = self._identities.values()
        external = self._external()
        facts = Facts(run=self.name, servers=self._servers, external=frozenset(external))
        rows = expectations(everyone, facts, request.tenants)
        tenants = self._involved(rows)
        reached = {row.place.server for row in rows}
        self._watcher.step(f"looking up the credentials of {len(tenants)} tenants in the cluster")
        with ThreadPoolExecutor(_THREADS) as pool:
            admins = [
                (minio, pool.submit(self._admin, minio))
                for minio in {address(m): m for m in external.values()}.values()
                if address(minio) in reached
            ]
            for many in pool.map(self._look_up, tenants):
                for found in many:
                    self._found[found.holder] = found
                    self._open(found)
            for minio, admin in admins:
                keys = admin.result()
                if keys is not None:
                    connections.provision(minio, keys)
            mine = [identity for identity in everyone if identity.holder.tenant in tenants]
            for identity, opened in zip(mine, pool.map(self._opened, mine), strict=True):
                if opened is not None:
                    connections.open_on_aws(identity, opened)
        facts = replace(
            facts,
            provisioned=frozenset(connections.provisioners),
            same_key=connections.same_key,
            buckets={
                at: tuple(store.buckets().value or ())
                for at, store in connections.provisioners.items()
            },
        )
        return expectations(everyone, facts, request.tenants)

    def _external(self) -> dict[str, Minio]:
        """The servers on which a provisioner acts, by repository."""
        found: dict[str, Minio] = {}
        for repository in self._servers:
            minio = self._request.settings.repositories[repository].minio
            if minio is not None and minio.server != "credentials":
                found[repository] = minio
        return found

    def _look_up(self, tenant: str) -> tuple[Found, ...]:
        return look_up(self._request.reader, self._request.settings, self._request.plan, tenant)

    def _open(self, found: Found) -> None:
        """Make the client of the keys that an entry names."""
        identity = self._identities[found.holder]
        if identity.aws is None:
            self.connections.open(found)
        elif identity.way == "secret":
            opened = Opened(found.keys, why=found.why)
            self.connections.open_on_aws(identity, opened)

    def _opened(self, identity: Identity) -> Opened | None:
        """Get into the session of a service account."""
        if identity.aws is None or identity.way != "token":
            return None
        entry = self._found[identity.holder.entry]
        if entry.why:
            return Opened(why=entry.why)
        services = self.connections.services(identity.aws.region)
        return open_by_token(identity, services, self._request.reader)

    def _involved(self, rows: Iterable[Expectation]) -> list[str]:
        """The tenants whose credentials a run needs: the checked ones and their neighbours."""
        places = {(row.place.bucket, row.place.prefix) for row in rows}
        checked = {row.holder.tenant for row in rows}
        owners = {
            identity.holder.tenant
            for identity in self._identities.values()
            for access in identity.accesses
            if (identity.bucket, access.prefix) in places
        }
        return sorted(checked | owners)

    def _admin(self, minio: Minio) -> Keys | None:
        try:
            if minio.server == "helm":
                return generated_keys(self._request.reader, minio.helm)
            return self._request.admin(minio.admin)
        except NoSettingError as error:
            note = f"{address(minio)}: no provisioning credential ({error}), tenants clean up alone"
            self.connections.notes[note] = None
            return None

    def check(self, rows: tuple[Expectation, ...]) -> tuple[Row, ...]:
        """Write what the checks need, then try them, holder by holder."""
        self._note_limits(rows)
        seeds = list(dict.fromkeys(row.seed for row in rows if row.seed is not None))
        holders = list(dict.fromkeys(row.holder for row in rows))
        self._watcher.step(f"writing {len(seeds)} objects that the checks need")
        pool = ThreadPoolExecutor(_THREADS)
        try:
            for stands in pool.map(self._write, self._by_writer(seeds)):
                self._stands |= stands
            self._watcher.step(f"trying {len(rows)} checks of {len(holders)} credentials")
            of: dict[Holder, list[Expectation]] = {}
            for row in rows:
                of.setdefault(row.holder, []).append(row)
            found = pool.map(self._try, of.values(), [len(rows)] * len(of))
            return tuple(row for mine in found for row in mine)
        except BaseException:
            self.stopped.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _note_limits(self, rows: Iterable[Expectation]) -> None:
        """Say so where not every neighbour is tried."""
        index = Index(self._identities.values(), self._servers)
        tried = {(row.place.server, row.place.bucket) for row in rows if row.group == "neighbour"}
        if any(len(index.places(*store)) - 1 > MAX_NEIGHBOURS for store in tried):
            note = f"each credential is tried at the prefixes of {MAX_NEIGHBOURS} neighbours"
            self.connections.notes[note] = None

    def _prober(self, holder: Holder | None, place: Place) -> Prober | None:
        """The prober of *holder*, or of the provisioner at *place*."""
        connections = self.connections
        store = (
            connections.provisioners.get(place.server)
            if holder is None
            else connections.tenants.get(holder)
        )
        return None if store is None else Prober(store, self._ledger, self.name)

    def _by_writer(self, seeds: Iterable[Seed]) -> list[list[Seed]]:
        """*seeds*, those that one pod writes together."""
        together: dict[object, list[Seed]] = {}
        for seed in seeds:
            alone = seed.by is None or self._identities[seed.by].way != "pod"
            together.setdefault(seed if alone else seed.by, []).append(seed)
        return list(together.values())

    def _write(self, seeds: list[Seed]) -> dict[Seed, Stand]:
        writer = seeds[0].by
        if writer is not None and self._identities[writer].way == "pod":
            return self._pods.write(self._identities[writer], seeds)
        return {seed: self._write_one(seed) for seed in seeds}

    def _write_one(self, seed: Seed) -> Stand:
        prober = self._prober(seed.by, seed.place)
        if prober is None or self.stopped.is_set():
            what = "no provisioning credential" if seed.by is None else "no credential"
            return Stand(Answer("unclear", what), Answer("unclear", what))
        return Stand(*prober.write(seed))

    def _try(self, mine: list[Expectation], total: int) -> list[Row]:
        """Try the checks of one holder: first all that it is allowed."""

        def told() -> None:
            with self._lock:
                self._done += 1
                self._watcher.rows(self._done, total)

        rows: dict[Expectation, Row] = {}
        for expectation in mine:
            known = self._known(expectation)
            if known is not None:
                rows[expectation] = known
                told()
        rest = [expectation for expectation in mine if expectation not in rows]
        if rest:
            tried = self._tried(rest, told)
            rows |= {expectation: self._told(one) for expectation, one in tried.items()}
        return [rows[expectation] for expectation in mine]

    def _tried(self, rest: list[Expectation], told: Callable[[], None]) -> dict[Expectation, Tried]:
        """Try what nothing is known of, here or in a pod."""
        identity = self._identities[rest[0].holder]
        if identity.way != "pod" or self._found[identity.holder.entry].why:
            return self._trial(rest[0]).rows(rest, told)
        found = self._pods.rows(identity, rest, self._stands)
        for _ in rest:
            told()
        return found

    def _trial(self, expectation: Expectation) -> Trial:
        """The hands of *expectation*'s holder."""
        holder = expectation.holder
        identity, minio = self._identities[holder], self._minio(holder)
        opened = self.connections.opened.get(holder)
        found = self._found[holder.entry]
        aws = None
        if identity.aws is not None and opened is not None and not found.why:
            services = self.connections.services(identity.aws.region)
            store = self.connections.tenants.get(holder)
            aws = AwsProber(opened, services, store, self._request.reader)
        return Trial(
            prober=self._prober(holder, expectation.place),
            aws=aws,
            why=found.why or ("" if opened is None else opened.why),
            stands=self._stands,
            ours=minio is None or minio.server != "credentials",
            stopped=self.stopped.is_set,
        )

    def _minio(self, holder: Holder) -> Minio | None:
        return self._request.settings.repositories[holder.repository].minio

    def _known(self, expectation: Expectation) -> Row | None:
        """The row of a check that is not tried: the lookup says it, or the plan."""
        if expectation.expected in ("shared", "not applicable"):
            result = "shared" if expectation.expected == "shared" else "not applicable"
            return Row(expectation, expectation.why, result)
        if expectation.group == "entry":
            return _row_of(expectation, self._found[expectation.holder].findings[expectation.check])
        if expectation.check == ANNOTATION:
            identity = self._identities[expectation.holder]
            if identity.subject is None or identity.aws is None:
                raise KeyError(expectation.check)
            finding = annotation(self._request.reader, identity.subject, identity.aws.role)
            return _row_of(expectation, finding)
        return None

    def _told(self, tried: Tried) -> Row:
        """The row, with its cause and cure where they are known."""
        row, answer = tried.row, tried.answer
        if row.good or answer is None or tried.by is None:
            return row
        names = self._names(tried.by)
        if row.expectation.group in ON_AWS:
            return replace(row, cause=of_aws(row, answer, names))
        if answer.kind == "unclear":
            return replace(row, cause=of_answer(answer.said, names))
        if row.result != "failed":
            return row
        if answer.kind == "denied":
            return replace(row, cause=of_denial(names))
        excess = row.expectation.expected == "refused"
        return replace(row, cause=of_excess(names)) if excess else row

    def _names(self, holder: Holder) -> Where:
        """The names around *holder*."""
        settings, plan = self._request.settings, self._request.plan
        own = (c for c in plan.credentials_of(holder.tenant) if holder_of(c) == holder)
        credential = next(own, None)
        repository = settings.repositories[holder.repository]
        if repository.s3 is not None:
            return where_on_aws(self._identities[holder], credential, repository.s3)
        if credential is None or repository.minio is None:
            raise KeyError(str(holder))
        return where(credential, repository.minio, self._servers[holder.repository])

    def clean(self) -> tuple[str, ...]:
        """Remove what the run wrote; return what stays, one line each."""
        self._watcher.step("cleaning up")
        index = Index(self._identities.values(), self._servers)
        self._clean_in_pods(index)
        hands = Hands(
            provisioners=self.connections.provisioners,
            tenants=self.connections.tenants,
            deleters=lambda place: index.holders(place, {"delete"}),
        )
        left = clean(self._ledger, hands)
        self.connections.close()
        return left

    def _clean_in_pods(self, index: Index) -> None:
        """Let the pods that may delete what stands delete it."""
        mine: dict[Holder, list[Written]] = {}
        for entry in self._ledger.entries:
            if not entry.standing or entry.upload:
                continue
            for holder in index.holders(entry.place, {"delete"}):
                if self._identities[holder].way == "pod":
                    mine.setdefault(holder, []).append(entry)
                    break
        with ThreadPoolExecutor(_THREADS) as pool:
            whose = (self._identities[holder] for holder in mine)
            for _ in pool.map(self._pods.delete, whose, mine.values()):
                pass  # a fault of ours is raised here


def _row_of(expectation: Expectation, finding: Finding) -> Row:
    if not finding.checked:
        return Row(expectation, finding.text, "not checked", finding.cause)
    return Row(expectation, finding.text, "ok" if finding.good else "failed", finding.cause)
