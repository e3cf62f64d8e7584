"""Trial: the checks of one identity in order, first all that it is allowed; each judged at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from argo_artifacts.verify.judge import judge, resting
from argo_artifacts.verify.report import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from argo_artifacts.verify.answers import Answer
    from argo_artifacts.verify.aws_probes import AwsProber
    from argo_artifacts.verify.checks import Expectation, Seed
    from argo_artifacts.verify.places import Holder
    from argo_artifacts.verify.probes import Prober

ON_AWS = ("identity", "aws account")
"""Groups of checks that are no calls to the store."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What came of an object that checks need."""

    put: Answer[str]
    read: Answer[bytes]


@dataclass(frozen=True, slots=True)
class Tried:
    """A row, and the answer that explains it."""

    row: Row
    answer: Answer[object] | None = None
    by: Holder | None = None
    """Whose answer it is, if not the row's own holder's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One identity's hands, and the objects that stand."""

    prober: Prober | None
    """None: there is no session, see `why`."""

    aws: AwsProber | None
    why: str
    stands: Mapping[Seed, Stand]
    ours: bool
    """See :func:`argo_artifacts.verify.judge.judge`."""

    stopped: Callable[[], bool] = lambda: False

    def rows(
        self, mine: Iterable[Expectation], told: Callable[[], None] = lambda: None
    ) -> dict[Expectation, Tried]:
        """Try the checks of *mine*, and tell after each."""
        found: dict[Expectation, Tried] = {}
        for expectation in sorted(mine, key=lambda e: e.expected == "refused"):
            found[expectation] = self._row(expectation, [tried.row for tried in found.values()])
            told()
        return found

    def _row(self, expectation: Expectation, before: list[Row]) -> Tried:
        on_aws = expectation.group in ON_AWS
        if self.stopped():
            return Tried(Row(expectation, "the run was interrupted", "not checked"))
        if self.aws is None if on_aws else self.prober is None:
            return Tried(Row(expectation, self.why, "not checked"))
        missing = resting(expectation, before)
        if missing is not None:
            return Tried(missing)
        unready = self._unready(expectation) or self._idle(expectation)
        if unready is not None:
            return unready
        answer = self._answer(expectation)
        row = judge(expectation, answer, before, ours=self.ours)
        return Tried(row, answer, expectation.holder)

    def _answer(self, expectation: Expectation) -> Answer[object]:
        if expectation.group in ON_AWS and self.aws is not None:
            return self.aws.probe(expectation)
        if self.prober is None:
            raise KeyError(expectation.check)
        seed = expectation.seed
        if expectation.check == "put" and seed is not None and seed.by == expectation.holder:
            return self.stands[seed].put
        if expectation.check == "delete version" and seed is not None:
            return self.prober.delete_version(expectation, self.stands[seed].put.value or "")
        if expectation.check == "list" and seed is not None and not self.stands[seed].put.done:
            expectation = replace(expectation, seed=None)  # no object that must be listed
        return self.prober.probe(expectation)

    def _unready(self, expectation: Expectation) -> Tried | None:
        """The row of a check whose object does not stand, so that it is not tried."""
        seed = expectation.seed
        if seed is None or expectation.check in ("put", "list"):
            return None
        stand = self.stands[seed]
        who = "the provisioner" if seed.by is None else str(seed.by)
        if not stand.put.done:
            answer = stand.put
            text = f"there is no object: {who} could not write it ({answer.text})"
        elif expectation.expected == "refused" and not stand.read.done:
            answer = stand.read
            text = f"{who} could not read its object back ({answer.text})"
        else:
            return None
        return Tried(Row(expectation, text, "not checked"), answer, seed.by)

    def _idle(self, expectation: Expectation) -> Tried | None:
        """The row of a check that only a bucket with versions has."""
        seed = expectation.seed
        if expectation.check != "delete version" or seed is None or self.stands[seed].put.value:
            return None
        return Tried(Row(expectation, "the bucket keeps no versions", "not applicable"))
