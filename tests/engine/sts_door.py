"""STS as a pod meets it: a door that reads the token and the trust, and moto's server behind it.

moto never looks at a web identity token, so the door does what AWS does first: the signature by the
issuer's published keys, the audience, the end, and the role's trust document. What it refuses it
refuses in AWS's words.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs

import urllib3
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.engine.moto_server import REGION
from tests.web_identity import proven

if TYPE_CHECKING:
    from collections.abc import Iterable

AUDIENCE = "sts.amazonaws.com"

_ANSWER = """\
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>\
<Code>{0.code}</Code><Message>{0.message}</Message></Error><RequestId>0</RequestId></ErrorResponse>"""


@dataclass(frozen=True)
class Refusal:
    """What AWS answers instead of credentials."""

    code: str
    message: str


@dataclass
class StsDoor:
    """Serves STS on loopback; a context manager."""

    behind: str
    """URL of moto's server."""

    keys: str
    """The issuer's key set, as it publishes it."""

    provider: str
    """The issuer that has an OIDC provider in the account, without ``https://``."""

    trusts: dict[str, dict]
    """Trust document of each role, by its ARN."""

    refusal: Refusal | None = None
    """Answers everything, while it is set."""

    shown: list[str] = field(default_factory=list)
    """The tokens."""

    asked: list[dict[str, str]] = field(default_factory=list)
    """The other words of each question."""

    def __enter__(self) -> Self:
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, environ: dict, start_response) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        words = {key: value for key, (value,) in parse_qs(body.decode()).items()}
        if words["Action"] == "AssumeRoleWithWebIdentity":
            refusal = self._look(words)
            if refusal is not None:
                start_response("400 Bad Request", [("Content-Type", "text/xml")])
                return [_ANSWER.format(refusal).encode()]
        headers = {
            "Content-Type": environ["CONTENT_TYPE"],
            # moto tells its services apart by it
            "Host": f"sts.{REGION}.amazonaws.com",
        }
        answer = urllib3.request("POST", self.behind, body=body, headers=headers)
        start_response(f"{answer.status} {answer.reason}", [("Content-Type", "text/xml")])
        return [answer.data]

    def _look(self, words: dict[str, str]) -> Refusal | None:
        self.shown.append(words.pop("WebIdentityToken"))
        self.asked.append(words)
        if self.refusal is not None:
            return self.refusal
        claims = proven(self.shown[-1], self.keys)
        if claims is None:
            return Refusal("InvalidIdentityToken", "Couldn't retrieve verification key")
        issuer = claims["iss"].removeprefix("https://")
        refusals = {
            "InvalidIdentityToken: No OpenIDConnect provider found in your account for"
            f" {claims['iss']}": issuer != self.provider,
            "InvalidIdentityToken: Incorrect token audience": AUDIENCE not in claims["aud"],
            "ExpiredTokenException: Token expired": claims["exp"] < time.time(),
            "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity": (
                not self._trusted(words["RoleArn"], issuer, claims)
            ),
        }
        said = next((said for said, refused in refusals.items() if refused), None)
        return None if said is None else Refusal(*said.split(": ", maxsplit=1))

    def _trusted(self, role: str, issuer: str, claims: dict) -> bool:
        (statement,) = self.trusts.get(role, {"Statement": [{}]})["Statement"]
        asked = statement.get("Condition", {}).get("StringEquals", {})
        return (
            "sts:AssumeRoleWithWebIdentity" in statement.get("Action", [])
            and set(asked) == {f"{issuer}:aud", f"{issuer}:sub"}
            and AUDIENCE in asked[f"{issuer}:aud"]
            and claims["sub"] in asked[f"{issuer}:sub"]
        )


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass
