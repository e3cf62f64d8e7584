"""The refresher's words: its command line, and a line for whatever AWS answers."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.names import label, refresher
from argo_artifacts.access.refreshers import refreshers
from argo_artifacts.refresher import faults
from argo_artifacts.refresher.task import Data, Place, Task, arguments, parse
from tests.unit.aws_stacks import AWS, REFRESHER, example, on_aws, store
from tests.unit.config_files import ROOT
from tests.unit.stacks import each, names
from tests.unit.test_architecture import imports, sources

ROLE = "arn:aws:iam::111122223333:role/prod.team-a.default.entry.44e70b23"
TASK = Task(
    role=ROLE,
    region="eu-west-1",
    session="argo-refresh-team-a",
    seconds=7200,
    secret=Place(
        namespace="team-a",
        name="argo-artifacts-default",
        access_key="accessKey",
        secret_key="secretKey",
        session_token="sessionToken",
    ),
)
GRANT = Data(target="s3://artifacts/prod/team-a/*", permission="READWRITE")


def token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


MINE = token(iss="https://oidc.example.com", sub="system:serviceaccount:argo:argo-refresh")

STS = """
InvalidIdentityToken
No OpenIDConnect provider found in your account for https://oidc.example.com
account 111122223333 has no OIDC provider of the token's issuer https://oidc.example.com, one is \
needed; make cluster.oidc.issuer this issuer and set aws.oidcProvider to create

InvalidIdentityToken
Couldn't retrieve verification key from your identity provider, please reference \
AssumeRoleWithWebIdentity documentation for requirements
STS cannot read the keys of the issuer https://oidc.example.com, its discovery document and its \
keys are needed on the internet

InvalidIdentityToken
Incorrect token audience
the OIDC provider of https://oidc.example.com does not know the token's audience, \
sts.amazonaws.com is needed among its client ids

InvalidIdentityToken
OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint
the certificate of the issuer https://oidc.example.com is not the one that its OIDC provider \
knows, its present thumbprint is needed; run `pulumi up --refresh`

InvalidIdentityToken
The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)
answers InvalidIdentityToken (The ID Token provided is not a valid JWT. (You may see this error if \
you sent an Access Token)), credentials are needed

IDPCommunicationError
Error while communicating with the IDP
STS cannot reach the issuer https://oidc.example.com, one that answers on the internet is needed

IDPRejectedClaim
The identity provider rejected the claim
the issuer https://oidc.example.com takes the pod's token back, a valid one is needed; run the Job \
again

ExpiredTokenException
Token expired: current date/time 1795896000 must be before the expiration date/time 1795892400
the pod's token has expired, a valid one is needed; the kubelet renews it, so set the node's clock \
by NTP

AccessDenied
Not authorized to perform sts:AssumeRoleWithWebIdentity
its trust does not let system:serviceaccount:argo:argo-refresh in, or there is no such role; a \
role that names this service account and the audience sts.amazonaws.com is needed; run \
`pulumi up --refresh`

RegionDisabledException
STS is not activated in this region for account:111122223333.
STS is switched off in this region, an active one is needed; activate it in the account

ValidationError
The requested DurationSeconds exceeds the MaxSessionDuration set for this role.
sessions of 7200 s are longer than the role allows, a longer MaxSessionDuration is needed; run \
`pulumi up --refresh`

ValidationError
1 validation error detected
answers ValidationError (1 validation error detected), credentials are needed

Throttling
Rate exceeded
answers Throttling (Rate exceeded), credentials are needed
"""
"""Code, AWS's words, and our line behind the role."""


def cases(text: str) -> list[list[str]]:
    whole = text.strip().replace("\\\n", "")
    return [case.splitlines() for case in whole.split("\n\n")]


def answered(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Any")


@pytest.mark.parametrize(("code", "message", "line"), cases(STS))
def test_what_sts_answers_has_a_line_with_its_cure(code: str, message: str, line: str):
    found = faults.of_sts(answered(code, message), TASK, MINE)
    assert str(found) == f"STS eu-west-1 role {ROLE}: {line}"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            "AccessDenied",
            f"no grant lets {ROLE} have READWRITE there, one is needed; run `pulumi up --refresh`",
        ),
        (
            "AccessGrantsInstanceNotExistsError",
            (
                "account 111122223333 has no instance in this region, one is needed; set"
                " accessGrants.instance to create"
            ),
        ),
        ("InternalError", "answers InternalError (said), credentials are needed"),
    ],
    ids=["no grant", "no instance", "something new"],
)
def test_what_s3_access_grants_answers_has_a_line_with_its_cure(code: str, line: str):
    found = faults.of_grant(answered(code, "said"), TASK, GRANT)
    assert str(found) == f"S3 Access Grants eu-west-1 {GRANT.target}: {line}"


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://sts.eu-west-1.amazonaws.com/"),
        ConnectTimeoutError(endpoint_url="https://sts.eu-west-1.amazonaws.com/"),
        SSLError(endpoint_url="https://sts.eu-west-1.amazonaws.com/", error=MINE),
    ],
)
def test_a_call_without_an_answer_says_so(error):
    for found in (faults.of_sts(error, TASK, MINE), faults.of_grant(error, TASK, GRANT)):
        line = str(found)
        assert f": cannot be reached ({type(error).__name__}), an answer is needed; let" in line
        assert MINE not in line


@pytest.mark.parametrize(
    "error",
    [
        ParamValidationError(report=f"Invalid length for parameter WebIdentityToken: {MINE}"),
        ResponseParserError(f"Unable to parse response: <html>{MINE}</html>"),
    ],
)
def test_what_is_no_answer_of_aws_is_not_repeated(error):
    """What the library says of it may hold the token."""
    line = str(faults.of_sts(error, TASK, MINE))
    assert f": gives no answer of AWS ({type(error).__name__}), one is needed" in line
    assert MINE not in line


@pytest.mark.parametrize("shown", ["", "a.b.c", "no token", token(iss=1), "a.WzFd.c", "a.bm8.c"])
def test_a_token_that_tells_nothing_is_no_second_fault(shown: str):
    found = faults.of_sts(answered("IDPCommunicationError", ""), TASK, shown)
    assert "the issuer unknown, " in str(found)


def test_a_token_that_aws_repeats_is_not_repeated_by_us():
    line = str(faults.of_sts(answered("New", f"token\n{MINE} is bad"), TASK, MINE))
    assert (
        line == f"STS eu-west-1 role {ROLE}: answers New (token … is bad), credentials are needed"
    )


@pytest.mark.parametrize("data", [None, GRANT], ids=["session", "grant"])
def test_a_command_line_spells_a_task(data: Data | None):
    task = Task(
        role=TASK.role,
        region="eu-central-1",
        session="a-session",
        seconds=900,
        secret=Place(namespace="n", name="s", access_key="a", secret_key="b", session_token="c"),
        data=data,
    )
    assert parse(arguments(task)) == (task, "/refresh")
    assert parse([*arguments(task), "--folder", "/elsewhere"]) == (task, "/elsewhere")


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--role"],
        [*arguments(TASK), "--seconds", "899"],
        [*arguments(TASK), "--seconds", "43201"],
        [*arguments(TASK), "--seconds", "x"],
        [*arguments(TASK), "--secret", "team-a"],
        [*arguments(TASK), "--secret", "/name"],
        [*arguments(TASK), "--keys", "accessKey,secretKey"],
        [*arguments(TASK), "--permission", "ALL"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_spells_none_is_told(wrong: list[str], capsys):
    with pytest.raises(SystemExit) as ended:
        parse(wrong)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_its_image_needs_boto3_and_lightkube_alone():
    """Whatever else it imported, its image would have to hold."""
    found = {
        name.split(".", maxsplit=1)[0]
        for file in sources(ROOT / "argo_artifacts/refresher")
        for name in imports(file)
        if not name.startswith("argo_artifacts.refresher")
    }
    known = {"boto3", "botocore", "lightkube", "httpx"}
    assert known <= found
    typing_only = {"mypy_boto3_s3control"}
    assert found - known - typing_only - set(STANDARD) == set()


STANDARD = (
    *("__future__", "argparse", "base64", "binascii", "collections", "dataclasses", "datetime"),
    *("json", "os", "pathlib", "sys", "time", "typing"),
)


def test_a_session_is_written_where_the_entry_reads_it():
    made, access = example("assume-role-session")
    first, second = refreshers(made, access)
    assert (first.tenant, second.tenant) == ("team-a", "team-b")
    assert first.namespace == "argo"
    (entry,) = [role for role in access.aws.roles if role.tenants == ("team-a",)]
    assert first.task.role == entry.arn
    assert isinstance(entry.trust, ByServiceAccounts)
    assert [s.name for s in entry.trust.subjects] == [first.name] == [first.task.session]
    (credential,) = access.credentials_of("team-a")
    secret = credential.secret
    assert first.task.secret == Place(
        namespace="team-a",
        name=secret.name,
        access_key=secret.access_key,
        secret_key=secret.secret_key,
        session_token=secret.session_token,
    )
    assert (first.task.region, first.task.seconds, first.task.data) == ("eu-west-1", 3600, None)
    assert first.image == made.aws.refresher.image


def test_a_grant_is_asked_for_by_the_role_that_it_names_over_its_whole_scope():
    made, access = example("access-grants")
    for one, grant in zip(refreshers(made, access), access.aws.data_grants, strict=True):
        assert (one.tenant, one.task.role) == (grant.tenant, grant.grantee)
        assert one.task.data == Data(
            target=f"s3://acme-argo-artifacts/prod-eu/{grant.tenant}/*", permission="READWRITE"
        )
        assert one.task.account == "111122223333"


def test_a_longer_session_is_one_that_its_role_allows():
    fresh = {"refresher": REFRESHER | {"sessionHours": 12}}
    for identity, purpose in (("assumeRole", "entry"), ("accessGrants", "location")):
        by = {"assumeRole": {"by": "refresher"}} if identity == "assumeRole" else {}
        made, access = on_aws({"default": store(identity, **by)}, aws=AWS | fresh)
        assert {one.task.seconds for one in refreshers(made, access)} == {43200}
        allowed = {r.session_seconds for r in access.aws.roles if r.purpose == purpose}
        assert allowed == {43200}
        others = {r.session_seconds for r in access.aws.roles if r.purpose != purpose}
        assert others <= {3600}


def test_the_keys_of_users_are_kept_by_nobody():
    assert refreshers(*on_aws({"default": store("accessKeys")})) == ()


def test_the_runs_are_20_minutes_apart_and_not_all_at_once():
    tenants = {f"team-{index}": {} for index in range(40)}
    given = {"default": store("assumeRole", assumeRole={"by": "refresher"})}
    schedules = {one.schedule for one in refreshers(*on_aws(given, tenants=tenants))}
    assert len(schedules) > 10
    for schedule in schedules:
        minutes, _, rest = schedule.partition(" ")
        assert rest == "* * * *"
        first, second, third = (int(minute) for minute in minutes.split(","))
        assert (second - first, third - second, first < 20) == (20, 20, True)


@each(names, names)
def test_a_cron_job_takes_its_name_and_so_do_its_jobs(tenant: str, repository: str):
    found = refresher(tenant[:63].rstrip("-"), repository[:63].rstrip("-"))
    assert len(found) <= 52
    assert label(found) == found
    assert found != refresher(tenant, f"{repository}x")


@pytest.mark.parametrize(("hours", "minutes"), [(1, 38), (2, 98), (12, 698)])
def test_the_plan_says_how_long_a_transfer_may_last(hours: int, minutes: int):
    fresh = {"refresher": REFRESHER | {"sessionHours": hours}}
    kept = {"bucket": {"name": "kept", "ownership": "use"}}
    given = {"default": store("accessGrants"), "other": store("accessKeys", **kept)}
    _, access = on_aws(given, aws=AWS | fresh)
    (note,) = [note for note in access.notes if note.topic == "keys"]
    assert note.about == "default"
    assert note.text == (
        f"credentials of {hours} h that a CronJob in argo renews every 20 minutes: one transfer may"
        f" last {minutes} minutes at least; whoever reads the Secret has them until they end"
    )
