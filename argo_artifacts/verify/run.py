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
from argo_artifacts.verify.causes import of_answer, of_denial, of_excess, where
from argo_artifacts.verify.cleanup import Hands, clean
from argo_artifacts.verify.connections import Connections, address, minio_of
from argo_artifacts.verify.expectations import (
    MAX_NEIGHBOURS,
    Facts,
    expectations,
)
from argo_artifacts.verify.judge import judge, resting
from argo_artifacts.verify.ledger import Ledger
from argo_artifacts.verify.lookup import look_up
from argo_artifacts.verify.places import Index, holder_of
from argo_artifacts.verify.probes import Prober
from argo_artifacts.verify.provisioning import NoSettingError, generated_keys
from argo_artifacts.verify.report import Report, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.backends.common import ConfigKeys
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.verify.expectations import Expectation, Seed
    from argo_artifacts.verify.lookup import Found, Reader
    from argo_artifacts.verify.places import Holder, Place
    from argo_artifacts.verify.store import Keys

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


@dataclass(frozen=True, slots=True)
class _Stand:
    """What came of an object that checks need."""

    put: Answer[str]
    read: Answer[bytes]


class _Run:
    """One run: what its phases share."""

    def __init__(self, request: Request, watcher: Watcher, scratch: Path) -> None:
        self.name = f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(3)}"
        self.stopped = threading.Event()
        self.connections = Connections(request.settings, scratch)
        self._request = request
        self._servers = {
            credential.repository: address(minio_of(request.settings, credential.repository))
            for credential in request.plan.credentials
        }
        self._names = {
            holder_of(credential): where(
                credential,
                minio_of(request.settings, credential.repository),
                self._servers[credential.repository],
            )
            for credential in request.plan.credentials
        }
        self._watcher = watcher
        self._ledger = Ledger()
        self._found: dict[Holder, Found] = {}
        self._stands: dict[Seed, _Stand] = {}
        self._done = 0
        self._lock = threading.Lock()

    def prepare(self) -> tuple[Expectation, ...]:
        """Find the credentials and the provisioners, and derive what is expected."""
        request, connections = self._request, self.connections
        minios = {r: minio_of(request.settings, r) for r in self._servers}
        external = {r: minio for r, minio in minios.items() if minio.server != "credentials"}
        facts = Facts(run=self.name, servers=self._servers, external=frozenset(external))
        rows = expectations(request.plan, facts, request.tenants)
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
                    connections.open(found)
            for minio, admin in admins:
                keys = admin.result()
                if keys is not None:
                    connections.provision(minio, keys)
        facts = replace(
            facts,
            provisioned=frozenset(connections.provisioners),
            same_key=connections.same_key,
            buckets={
                at: tuple(store.buckets().value or ())
                for at, store in connections.provisioners.items()
            },
        )
        return expectations(request.plan, facts, request.tenants)

    def _look_up(self, tenant: str) -> tuple[Found, ...]:
        return look_up(self._request.reader, self._request.settings, self._request.plan, tenant)

    def _involved(self, rows: Iterable[Expectation]) -> list[str]:
        """The tenants whose credentials a run needs: the checked ones and their neighbours."""
        places = {(row.place.bucket, row.place.prefix) for row in rows}
        checked = {row.holder.tenant for row in rows}
        owners = {
            credential.tenant
            for credential in self._request.plan.credentials
            for access in credential.accesses
            if (credential.bucket, access.prefix) in places
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
            for seed, stand in zip(seeds, pool.map(self._write, seeds), strict=True):
                self._stands[seed] = stand
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
        index = Index(self._request.plan, self._servers)
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

    def _write(self, seed: Seed) -> _Stand:
        prober = self._prober(seed.by, seed.place)
        if prober is None or self.stopped.is_set():
            what = "no provisioning credential" if seed.by is None else "no credential"
            return _Stand(Answer("unclear", what), Answer("unclear", what))
        return _Stand(*prober.write(seed))

    def _try(self, mine: list[Expectation], total: int) -> list[Row]:
        """Try the checks of one holder: first all that it is allowed."""
        holder = mine[0].holder
        prober = self._prober(holder, mine[0].place)
        rows: dict[Expectation, Row] = {}
        for expectation in sorted(mine, key=lambda e: e.expected == "refused"):
            rows[expectation] = self._row(expectation, prober, list(rows.values()))
            with self._lock:
                self._done += 1
                self._watcher.rows(self._done, total)
        return [rows[expectation] for expectation in mine]

    def _row(self, expectation: Expectation, prober: Prober | None, before: list[Row]) -> Row:
        if expectation.expected in ("shared", "not applicable"):
            result = "shared" if expectation.expected == "shared" else "not applicable"
            return Row(expectation, expectation.why, result)
        if expectation.expected == "as planned":
            return self._entry(expectation)
        if prober is None:
            return Row(expectation, self._found[expectation.holder].why, "not checked")
        if self.stopped.is_set():
            return Row(expectation, "the run was interrupted", "not checked")
        missing = (
            resting(expectation, before) or self._unready(expectation) or self._idle(expectation)
        )
        if missing is not None:
            return missing
        ours = minio_of(self._request.settings, expectation.holder.repository).server
        answer = self._answer(expectation, prober)
        row = judge(expectation, answer, before, ours=ours != "credentials")
        return row if row.good else replace(row, cause=self._cause(row, answer))

    def _cause(self, row: Row, answer: Answer[object]) -> str:
        names = self._names[row.expectation.holder]
        if answer.kind == "unclear":
            return of_answer(answer.said, names)
        if row.result != "failed":
            return ""
        if answer.kind == "denied":
            return of_denial(names)
        return of_excess(names) if row.expectation.expected == "refused" else ""

    def _answer(self, expectation: Expectation, prober: Prober) -> Answer[object]:
        seed = expectation.seed
        if expectation.check == "put" and seed is not None and seed.by == expectation.holder:
            return self._stands[seed].put
        if expectation.check == "delete version" and seed is not None:
            return prober.delete_version(expectation, self._stands[seed].put.value or "")
        if expectation.check == "list" and seed is not None and not self._stands[seed].put.done:
            expectation = replace(expectation, seed=None)  # no object that must be listed
        return prober.probe(expectation)

    def _entry(self, expectation: Expectation) -> Row:
        finding = self._found[expectation.holder].findings[expectation.check]
        if not finding.checked:
            return Row(expectation, finding.text, "not checked", finding.cause)
        result = "ok" if finding.good else "failed"
        return Row(expectation, finding.text, result, finding.cause)

    def _unready(self, expectation: Expectation) -> Row | None:
        """The row of a check whose object does not stand, so that it is not tried."""
        seed = expectation.seed
        if seed is None or expectation.check in ("put", "list"):
            return None
        stand = self._stands[seed]
        who = "the provisioner" if seed.by is None else str(seed.by)
        if not stand.put.done:
            answer = stand.put
            text = f"there is no object: {who} could not write it ({answer.text})"
        elif expectation.expected == "refused" and not stand.read.done:
            answer = stand.read
            text = f"{who} could not read its object back ({answer.text})"
        else:
            return None
        names = None if seed.by is None else self._names[seed.by]
        cause = "" if names is None else of_answer(answer.said, names)
        return Row(expectation, text, "not checked", cause)

    def _idle(self, expectation: Expectation) -> Row | None:
        """The row of a check that only a bucket with versions has."""
        seed = expectation.seed
        if expectation.check != "delete version" or seed is None or self._stands[seed].put.value:
            return None
        return Row(expectation, "the bucket keeps no versions", "not applicable")

    def clean(self) -> tuple[str, ...]:
        """Remove what the run wrote; return what stays, one line each."""
        self._watcher.step("cleaning up")
        index = Index(self._request.plan, self._servers)
        hands = Hands(
            provisioners=self.connections.provisioners,
            tenants=self.connections.tenants,
            deleters=lambda place: index.holders(place, {"delete"}),
        )
        left = clean(self._ledger, hands)
        self.connections.close()
        return left
