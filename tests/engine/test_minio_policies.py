"""The real server judges each call of the unit tests as their evaluator does."""

from __future__ import annotations

import http.client
import io
import json
from typing import TYPE_CHECKING

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import ENABLED, VersioningConfig

from argo_artifacts.verify.store import Keys, Server, Store, Version
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER, MinioServer, running
from tests.unit.calls import (
    ABORT,
    CASES,
    DELETE,
    DELETE_VERSION,
    GET,
    LIST,
    PUT,
    VERSIONS,
    document,
)

if TYPE_CHECKING:
    from argo_artifacts.verify.answers import Answer
    from tests.unit.evaluator import Call

SECRET = "canary-of-a-tenant"
BUCKETS = ("artifacts", "models", "other")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        for bucket in BUCKETS:
            started.store().make_bucket(bucket)
        yield started


def connect(server: MinioServer, user: str, secret: str) -> Store:
    place = Server(address=server.endpoint, secure=False, region="us-east-1")
    return Store(place, Keys(user, secret))


def send(mine: Store, root: Store, call: Call) -> Answer:
    """Make the call of a row, at something that is there."""
    bucket, key = call.bucket, call.key or ""
    if call.key is not None:
        assert root.put(bucket, key, b"x").done
    calls = {
        GET: lambda: mine.get(bucket, key),
        PUT: lambda: mine.put(bucket, key, b"y"),
        DELETE: lambda: mine.delete(bucket, key),
        DELETE_VERSION: lambda: mine.delete_version(bucket, Version(key, "null")),
        ABORT: lambda: mine.abort_upload(bucket, key, str(root.begin_upload(bucket, key).value)),
        LIST: lambda: mine.keys(bucket, call.prefix),
        VERSIONS: lambda: mine.versions(bucket, call.prefix),
    }
    return calls[call.action]()


BEYOND_VERIFY = {"s3:PutObjectTagging", "s3:BypassGovernanceRetention"}
"""Actions of rows that no call of ours stands for."""


@pytest.mark.parametrize("case", CASES)
def test_the_server_agrees_on_every_call(server, case):
    _, _, right, wrong = CASES[case]
    user = f"user-{list(CASES).index(case)}"
    admin = server.admin()
    admin.policy_add(policy_name=user, policy=document(case))
    admin.user_add(user, SECRET)
    admin.attach_policy([user], user=user)
    mine, root = connect(server, user, SECRET), connect(server, ROOT_USER, ROOT_SECRET)
    rows = [call for call in (*right, *wrong) if call.action not in BEYOND_VERIFY]
    kinds = {call: send(mine, root, call).kind for call in rows}
    assert kinds == {call: "done" if call in right else "denied" for call in rows}


def test_versions_outlive_a_collector_in_a_versioned_bucket(server):
    store, admin = server.store(), server.admin()
    store.make_bucket("versioned")
    store.set_bucket_versioning("versioned", VersioningConfig(ENABLED))
    text = json.dumps(document("union of executor, collector and server"))
    policy = json.loads(text.replace(":::artifacts", ":::versioned"))
    admin.policy_add(policy_name="versioned", policy=policy)
    admin.user_add("collector", SECRET)
    admin.attach_policy(["versioned"], user="collector")
    key = "prod/team-a/artifact"
    first = store.put_object("versioned", key, io.BytesIO(b"1"), 1).version_id
    mine = connect(server, "collector", SECRET)
    assert mine.delete("versioned", key).done
    assert mine.delete_version("versioned", Version(key, str(first))).kind == "denied"
    left = store.list_objects("versioned", prefix=key, include_version=True)
    assert {v.version_id for v in left if not v.is_delete_marker} == {first}


@pytest.fixture(scope="module")
def tenant(server: MinioServer) -> str:
    """A user with all that team-a may do, beside an object of team-b."""
    admin = server.admin()
    text = document("union of executor, collector and server")
    admin.policy_add(policy_name="tenant", policy=text)
    admin.user_add("tenant", SECRET)
    admin.attach_policy(["tenant"], user="tenant")
    for key in (OWN, NEIGHBOUR):
        server.store().put_object("artifacts", key, io.BytesIO(b"kept"), 4)
    return "tenant"


OWN, NEIGHBOUR = "prod/team-a/own", "prod/team-b/kept"


def raw(server: MinioServer, user: str, method: str, path: str) -> tuple[int, str]:
    """Send a path as it is spelt, which clients would tidy up; status and answer."""
    request = AWSRequest(method=method, url=f"http://{server.endpoint}{path}", data=b"evil")
    S3SigV4Auth(Credentials(user, SECRET), "s3", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(server.endpoint, timeout=30)
    connection.putrequest(method, path)
    for name, value in {**request.headers, "Content-Length": "4"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"evil")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["..", "%2E%2E", "..%2F..%2Fprod", "/..", "./..", "x/../..", "..\\.."]
)
def test_no_path_climbs_out_of_the_tenants_prefix(server, tenant, method, path):
    status, text = raw(server, tenant, method, f"/artifacts/prod/team-a/{path}/team-b/kept")
    assert (status, "XMinioInvalidResourceName" in text) == (400, True), text
    assert server.store().get_object("artifacts", NEIGHBOUR).data == b"kept"


def test_the_same_way_of_asking_works_below_the_own_prefix(server, tenant):
    assert raw(server, tenant, "PUT", "/artifacts/prod/team-a/by-hand")[0] == 200
    assert raw(server, tenant, "GET", "/artifacts/prod/team-a/by-hand") == (200, "evil")
    assert raw(server, tenant, "GET", f"/artifacts/{NEIGHBOUR}")[0] == 403


def test_nothing_of_a_neighbour_is_copied_in_or_over(server, tenant):
    mine = server.store(tenant, SECRET)
    assert mine.copy_object("artifacts", f"{OWN}-2", CopySource("artifacts", OWN)).object_name
    for target, source in ((f"{OWN}-3", NEIGHBOUR), (NEIGHBOUR, OWN)):
        with pytest.raises(S3Error) as refusal:
            mine.copy_object("artifacts", target, CopySource("artifacts", source))
        assert refusal.value.code == "AccessDenied"


def test_a_neighbours_object_survives_a_deletion_of_many_at_once(server, tenant):
    mine = server.store(tenant, SECRET)
    server.store().put_object("artifacts", f"{OWN}-4", io.BytesIO(b"x"), 1)
    both = [DeleteObject(f"{OWN}-4"), DeleteObject(NEIGHBOUR)]
    refused = list(mine.remove_objects("artifacts", both))
    assert [(error.name, error.code) for error in refused] == [(NEIGHBOUR, "AccessDenied")]
    assert server.store().get_object("artifacts", NEIGHBOUR).data == b"kept"
