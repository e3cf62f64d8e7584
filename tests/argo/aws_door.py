"""AWS as an identity meets it: a door that proves tokens and trust, and MinIO's sessions behind.

STS, IAM and KMS are asked at the door. It reads the token (signature by the issuer's published
keys, issuer, audience, end), judges the documents with our evaluator, and hands out sessions of a
real MinIO server, whose users have the S3 half of the same documents. So S3 itself is judged by
MinIO, with conditions on prefixes, which moto does not know.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs

import boto3

from argo_artifacts.documents.aws import identity
from argo_artifacts.documents.aws.trust import issuer, provider_arn, trust
from tests.unit.iam import Policies, Request, allowed, known
from tests.web_identity import proven

if TYPE_CHECKING:
    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings
    from tests.engine.minio_server import MinioServer

AUDIENCE = "sts.amazonaws.com"
SECRET = "canary-of-a-role"
ALL_OF_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
}

ANYBODY = "whom-a-session-limits"
"""A user on the MinIO server who may do all on S3: what a session may is its policy alone."""

AGENT = "/agent"
"""Path at which a pod asks for the credentials of its association."""

NOTHING = {"Version": "2012-10-17", "Statement": []}


@dataclass
class Refusal(Exception):  # noqa: N818 - an answer
    """What AWS answers instead."""

    code: str
    status: int = 403


@dataclass
class AwsDoor:
    """Serves on loopback; a context manager."""

    minio: MinioServer
    settings: Settings
    plan: AccessPlan
    keys: str = "{}"
    """The issuer's key set, as it publishes it."""

    provider: str = ""
    """The issuer that has an OIDC provider in the account; the plan's, unless said otherwise."""

    audiences: set[str] = field(default_factory=lambda: {AUDIENCE})
    """The audiences that this provider knows."""

    trusts: dict[str, dict] = field(default_factory=dict)
    """Trust document of each role, by its ARN."""

    policies: dict[str, dict] = field(default_factory=dict)
    """What each role or user may do, by its ARN."""

    acting: dict[str, str] = field(default_factory=dict)
    """ARN of the role or user behind each access key."""

    missing: set[str] = field(default_factory=set)
    """Service accounts, as ``namespace/name``, that somebody took the association from."""

    expired: bool = False
    """Whether every session has come to its end; S3 is to be asked at the door then, too."""

    def __enter__(self) -> Self:
        for role in self.plan.aws.roles:
            self.trusts[role.arn] = trust(self.settings, role)
            found = identity.policies(self.settings, role)
            self.allow(role.arn, found[0] if found else NOTHING)
        if self.settings.cluster.oidc is not None:
            self.provider = self.provider or issuer(self.settings)
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                status, body = door.answer(dict(self.headers), text)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                """S3, which knows no session any more; or the agent of EKS Pod Identity."""
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = 400, b"<Error><Code>ExpiredToken</Code></Error>"
                if self.path == AGENT:
                    status, body = door.agent(self.headers["Authorization"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the server's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def allow(self, arn: str, policy: dict) -> None:
        """Give a role or user *policy*, here and on the MinIO server."""
        self.policies[arn] = policy
        admin, name = self.minio.admin(), arn.rsplit("/", 1)[-1]
        admin.user_add(name, SECRET)
        known_there = of_s3(policy)
        if known_there["Statement"]:
            admin.policy_add(policy_name=name, policy=known_there)
            admin.policy_set(name, user=name)

    def session(
        self, arn: str, policy: dict | None = None, user: str | None = None
    ) -> dict[str, str]:
        """A session of *arn* on the MinIO server, within *policy*, by its own user or *user*."""
        sts = boto3.client(
            "sts",
            endpoint_url=f"http://{self.minio.endpoint}",
            region_name="us-east-1",
            aws_access_key_id=user or arn.rsplit("/", 1)[-1],
            aws_secret_access_key=SECRET,
        )
        limit = {} if policy is None else {"Policy": json.dumps(of_s3(policy))}
        words = {"RoleArn": "arn:of:no:use:to:minio", "RoleSessionName": "door"}
        keys = sts.assume_role(**words, **limit)["Credentials"]
        self.acting[keys["AccessKeyId"]] = arn
        return keys

    def variables(self, namespace: str, account: str) -> dict[str, str]:
        """What EKS puts into the environment of a pod; its token is told by its name."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.url}{AGENT}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{namespace}/{account}",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": f"http://{self.minio.endpoint}",
        }

    def agent(self, token: str) -> tuple[int, bytes]:
        """Answer a pod: the session of its association's role."""
        for one in self.plan.aws.associations:
            if f"{one.namespace}/{one.service_account}" == token and token not in self.missing:
                policy = self._tagged(one.role, *token.split("/"))
                keys = self.session(one.role, policy, None if policy is None else ANYBODY)
                made = {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey")}
                made |= {"Token": keys["SessionToken"], "Expiration": "2099-01-01T00:00:00Z"}
                return 200, json.dumps(made).encode()
        return 404, b"{}"

    def _tagged(self, role: str, namespace: str, account: str) -> dict | None:
        """The role's policy with the session's tags put in, which MinIO does not know.

        None: it asks for no tag.
        """
        text = json.dumps(self.policies[role])
        if "${" not in text:
            return None
        eks = self.settings.cluster.eks
        tags = {
            "eks-cluster-name": "" if eks is None else eks.name,
            "kubernetes-namespace": namespace,
            "kubernetes-service-account": account,
        }
        for tag, value in tags.items():
            text = text.replace(f"${{aws:PrincipalTag/{tag}}}", value)
        admin = self.minio.admin()
        admin.user_add(ANYBODY, SECRET)
        admin.policy_add(policy_name=ANYBODY, policy=ALL_OF_S3)
        admin.policy_set(ANYBODY, user=ANYBODY)
        return json.loads(text)

    def answer(self, headers: dict[str, str], text: str) -> tuple[int, bytes]:
        target = headers.get("X-Amz-Target", "")
        words = {} if target else {k: v for k, (v,) in parse_qs(text).items()}
        action = target.split(".")[-1] or words["Action"]
        try:
            inner = self._do(action, words, headers)
        except Refusal as no:
            if target:
                return 400, json.dumps({"__type": f"{no.code}Exception"}).encode()
            error = f"<Error><Type>Sender</Type><Code>{no.code}</Code></Error>"
            return no.status, f"<ErrorResponse>{error}</ErrorResponse>".encode()
        if target:
            return 200, b"{}"
        result = f"<{action}Result>{inner}</{action}Result>"
        return 200, f"<{action}Response>{result}</{action}Response>".encode()

    def _do(self, action: str, words: dict[str, str], headers: dict[str, str]) -> str:
        if action == "AssumeRoleWithWebIdentity":
            return self._by_token(words["RoleArn"], words["WebIdentityToken"])
        found = re.search(r"Credential=([^/]+)/\d+/[^/]+/(\w+)/", headers["Authorization"])
        arn = self.acting.get(found[1])
        if arn is None:
            code = "InvalidClientTokenId"
            raise Refusal(code)
        if self.expired:
            code = "ExpiredToken"
            raise Refusal(code)
        if action == "GetCallerIdentity":
            return f"<Arn>{_as_caller(arn)}</Arn>"
        resource = words.get("RoleArn", "*")
        own = Policies(identity=(self.policies[arn],))
        if action == "AssumeRole":
            trusted = self.trusts.get(resource, NOTHING)
            own = Policies(identity=own.identity, resource=trusted, must=True)
        said = known({"aws:PrincipalArn": arn})
        request = Request(
            principal=arn, action=f"{found[2]}:{action}", resource=resource, context=said
        )
        if not allowed(own, request):
            code = "AccessDenied"
            raise Refusal(code)
        return _xml(self.session(resource)) if action == "AssumeRole" else ""

    def _by_token(self, role: str, token: str) -> str:
        claims = proven(token, self.keys)
        code = "InvalidIdentityToken"
        if claims is None:
            raise Refusal(code, 400)
        host = claims["iss"].removeprefix("https://")
        known_to_it = self.audiences & set(claims["aud"])
        if host != self.provider or not known_to_it or claims["exp"] < time.time():
            raise Refusal(code, 400)
        said = {f"{host}:aud": min(known_to_it), f"{host}:sub": claims["sub"]}
        request = Request(
            principal=provider_arn(self.settings, role.split(":")[4]),
            action="sts:AssumeRoleWithWebIdentity",
            resource=role,
            context=known(said),
        )
        if not allowed(Policies(resource=self.trusts.get(role, NOTHING), must=True), request):
            code = "AccessDenied"
            raise Refusal(code)
        return _xml(self.session(role))


def of_s3(policy: dict) -> dict:
    """The statements of *policy* that MinIO knows: those of S3's own actions."""
    strange = {"s3:GetDataAccess"}
    kept = [
        statement
        for statement in policy["Statement"]
        if all(a.startswith("s3:") and a not in strange for a in statement["Action"])
    ]
    return {"Version": "2012-10-17", "Statement": kept}


def _xml(keys: dict[str, str]) -> str:
    """A session as STS says it."""
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    inner = "".join(f"<{name}>{keys[name]}</{name}>" for name in names)
    end = "<Expiration>2099-01-01T00:00:00Z</Expiration>"
    return f"<Credentials>{inner}{end}</Credentials>"


def _as_caller(arn: str) -> str:
    """The ARN of a session, as STS says it."""
    kind, _, name = arn.split(":", 5)[5].partition("/")
    if kind == "user":
        return arn
    return f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{name.rsplit('/', 1)[-1]}/session"
