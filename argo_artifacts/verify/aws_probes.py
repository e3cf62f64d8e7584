"""Probes on AWS: how an identity gets its session, and what that is refused beside S3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from argo_artifacts.documents.aws.trust import AUDIENCE
from argo_artifacts.verify.answers import Answer
from argo_artifacts.verify.aws_calls import AwsSession, Services, by_token, refused
from argo_artifacts.verify.aws_expectations import TOKEN_OF
from argo_artifacts.verify.lookup import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from argo_artifacts.verify.checks import Expectation
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.lookup import Reader
    from argo_artifacts.verify.store import Keys, Store

OTHER_AUDIENCE: Final = "argo-artifacts.example"
"""Audience of a token that is nobody's."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of the steps to a session."""

    keys: Keys | None = field(default=None, repr=False)
    answers: Mapping[str, Answer[object]] = field(default_factory=dict[str, Answer[object]])
    """By check: ``token``, ``pod``, ``assume role``."""

    why: str = ""
    """Why there is no session."""


def open_by_token(identity: Identity, services: Services, reader: Reader) -> Opened:
    """Go the way of a pod with IRSA: its token, its role, and the entry's if that names one."""
    if identity.subject is None or identity.aws is None:
        raise KeyError(str(identity.holder))
    space, name = identity.subject.namespace, identity.subject.name
    try:
        token = reader.token(space, name, AUDIENCE)
    except ClusterError as error:
        return Opened(answers={"token": Answer("unclear", str(error))}, why=str(error))
    first = by_token(services, identity.aws.role, token)
    return onwards(identity.aws.entry_role, services, "token", first)


def onwards(entry_role: str, services: Services, way: str, first: Answer[Keys]) -> Opened:
    """From the pods' own session to the one that the entry's role gives."""
    answers: dict[str, Answer[object]] = {way: first}
    last = first
    if entry_role and first.value is not None:
        last = AwsSession(services, first.value).assume(entry_role)
        answers["assume role"] = last
    if last.value is None:
        return Opened(answers=answers, why=f"no session: {last.text}")
    return Opened(last.value, answers)


class AwsProber:
    """Tries the checks beside S3 with one session."""

    def __init__(
        self, opened: Opened, services: Services, store: Store | None, reader: Reader | None
    ) -> None:
        self._opened = opened
        self._services = services
        self._store = store
        self._reader = reader

    def probe(self, row: Expectation) -> Answer[object]:
        """Try the check of *row*."""
        if row.check in self._opened.answers:
            return self._opened.answers[row.check]
        if row.check == "other audience":
            return self._token(row, row.holder.account, OTHER_AUDIENCE)
        if row.check.startswith(TOKEN_OF):
            return self._token(row, row.check.removeprefix(TOKEN_OF), AUDIENCE)
        if self._opened.keys is None or self._store is None:
            return Answer("unclear", self._opened.why)
        session, store = AwsSession(self._services, self._opened.keys), self._store
        probes: Mapping[str, Callable[[], Answer[object]]] = {
            "caller": session.caller,
            "list buckets": store.buckets,
            "list users": session.users,
            "list roles": session.roles,
            "list keys": session.keys,
            "assume another role": lambda: session.assume(row.about),
            "use the key": lambda: session.use_key(row.about),
        }
        return probes[row.check]()

    def _token(self, row: Expectation, account: str, audience: str) -> Answer[object]:
        """Try *row*'s role with a token that it must not take."""
        if self._reader is None:
            return Answer("unclear", "tokens are asked for from outside alone")
        try:
            namespace, _, name = account.partition("/")
            token = self._reader.token(namespace, name, audience)
        except ClusterError as error:
            return Answer("unclear", str(error))
        return refused(by_token(self._services, row.about, token))
