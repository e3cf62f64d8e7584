"""In pods: the hands of identities whose session only a pod of the service account has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from argo_artifacts.verify.answers import Answer
from argo_artifacts.verify.causes import NO_IMAGE
from argo_artifacts.verify.places import Holder
from argo_artifacts.verify.report import Row
from argo_artifacts.verify.tasks import (
    Task,
    answer_of,
    may_write,
    outcome_of,
    said_of,
    stand_of,
    text_of,
    tried_of,
)
from argo_artifacts.verify.trial import Stand, Tried

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from argo_artifacts.access.words import Subject
    from argo_artifacts.verify.checks import Expectation, Seed
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.ledger import Ledger, Written
    from argo_artifacts.verify.tasks import Outcome


class PodError(Exception):
    """No pod answered; one line, and its cause."""

    def __init__(self, found: str, cause: str) -> None:
        super().__init__(found)
        self.cause = cause


class Pods(Protocol):
    """Runs tasks in pods."""

    def run(self, subject: Subject, text: str) -> str:
        """Run the task *text* as *subject* and return its message, or raise PodError."""
        ...


@dataclass(slots=True)
class InPods:
    """Sends the tasks of one run, and keeps what pods may have left."""

    pods: Pods | None
    """None: no image was given."""

    ledger: Ledger
    run: str
    lost: dict[Holder, PodError] = field(default_factory=dict[Holder, PodError])
    """Whose pods did not answer: nobody waits for the same twice."""

    def write(self, identity: Identity, seeds: Sequence[Seed]) -> dict[Seed, Stand]:
        """Write objects and read them back."""
        try:
            outcome = self._send(identity, self._task(identity, writes=tuple(seeds)))
        except PodError as error:
            no = Stand(Answer("unclear", str(error)), Answer("unclear", str(error)))
            return dict.fromkeys(seeds, no)
        stands = (stand_of(put, read) for put, read in outcome.writes)
        return dict(zip(seeds, stands, strict=True))

    def rows(
        self, identity: Identity, rows: Iterable[Expectation], stands: Mapping[Seed, Stand]
    ) -> dict[Expectation, Tried]:
        """Try checks."""
        mine = tuple(rows)
        needed = dict.fromkeys(row.seed for row in mine if row.seed is not None)
        told = tuple(
            (seed, said_of(stands[seed].put), said_of(stands[seed].read)) for seed in needed
        )
        task = self._task(identity, rows=mine, stands=told)
        try:
            return tried_of(task, self._send(identity, task))
        except PodError as error:
            return {
                row: Tried(
                    Row(row, str(error), "not checked", error.cause if row.check == "pod" else "")
                )
                for row in mine
            }

    def delete(self, identity: Identity, entries: Sequence[Written]) -> None:
        """Delete objects; what was deleted is noted at its entry."""
        keys = tuple((entry.place.bucket, entry.key) for entry in entries)
        try:
            outcome = self._send(identity, self._task(identity, deletes=keys))
        except PodError:
            return  # they are listed as left behind
        for entry, said in zip(entries, outcome.deletes, strict=True):
            if answer_of(said).done:
                entry.standing = False

    def _task(self, identity: Identity, **parts: object) -> Task:
        if identity.aws is None or identity.subject is None:
            raise KeyError(str(identity.holder))
        return Task(
            run=self.run,
            region=identity.aws.region,
            host=identity.aws.host,
            ambient="node" if identity.session == "node" else "podIdentity",
            entry_role=identity.aws.entry_role,
            **parts,  # pyright: ignore[reportArgumentType] - the lists above
        )

    def _send(self, identity: Identity, task: Task) -> Outcome:
        """Send *task*; what it may write is noted before, what it wrote after.

        Raises:
            PodError: no pod answered, or an earlier one of this identity did not.
        """
        holder, subject = identity.holder, identity.subject
        if self.pods is None or subject is None:
            found = "no image for pods is given, and only a pod gets into this session"
            raise PodError(found, NO_IMAGE)
        if holder in self.lost:
            raise self.lost[holder]
        noted = [self.ledger.writing(one.place, key, holder) for one, key in may_write(task)]
        for (one, _), entry in zip(may_write(task), noted, strict=True):
            entry.upload = "unknown" if getattr(one, "check", "") == "multipart upload" else ""
        try:
            outcome = outcome_of(self.pods.run(subject, text_of(task)))
        except ValueError as error:
            lost = PodError(str(error), "")
            self.lost[holder] = lost
            raise lost from None
        except PodError as error:
            self.lost[holder] = error
            raise
        for entry, (standing, versions) in zip(noted, outcome.standing, strict=True):
            entry.standing, entry.versions = standing, versions
        return outcome
