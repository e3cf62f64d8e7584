"""The deployer's MinIO policy: enough for all that the provider and verify do, nothing spare."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from minio.error import MinioAdminException, S3Error

from argo_artifacts.config import parse
from argo_artifacts.documents import deployer
from argo_artifacts.verify import cleanup
from argo_artifacts.verify.store import Keys, Server, Store, Version
from providers.minio_admin.errors import ProviderError
from tests.engine.minio_admin_plugin import OWNER_ID, RefusedError, Stack
from tests.engine.minio_server import MinioServer, running

USER, SECRET = "deployer", "canary-deployer-secret"
BUCKET = "artifacts"
FOLDER = f"prod/team-a/{deployer.VERIFY_FOLDER}/run/"
READ = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::artifacts/*"]}
PERMISSIVE = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
"""A policy under which a user may mint service accounts."""

RULES = [{"id": "expire", "prefix": "prod/", "expireDays": 30}]


class DeniedError(Exception):
    """Something that the deployer needs was refused."""


def require(condition: object, what: str) -> None:
    if not condition:
        raise DeniedError(what)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("minio"), kms=True) as started:
        started.admin().user_add(USER, SECRET)
        yield started


OURS = {"forceDestroy": True}
THEIRS = {"ownership": "use"}


def policy(endpoint: str, bucket: dict) -> dict:
    """What `documents` prints for a stack with one bucket."""
    bucket = {"name": BUCKET, **bucket}
    stack = {
        "cluster": {"name": "prod", "kubeconfig": "x"},
        "argo": {"version": "4.0.5"},
        "repositories": {"default": {"minio": {"endpoint": endpoint, "bucket": bucket}}},
        "tenants": {"team-a": {}},
    }
    settings = parse(stack, project="argo-artifacts", stack="test", folder=Path())
    return deployer.minio_policy(settings, endpoint)


@dataclass
class Deployer:
    """Acts with exactly one policy on a server that is empty before and after."""

    server: MinioServer
    policy: dict

    def __enter__(self):
        admin = self.server.admin()
        admin.policy_add(policy_name="deployer", policy=self.policy)
        admin.attach_policy(["deployer"], user=USER)
        return Stack(self.server, config={"accessKey": USER, "secretKey": SECRET})

    def __exit__(self, *_):
        admin, store = self.server.admin(), self.server.store()
        admin.detach_policy(["deployer"], user=USER)
        for name in json.loads(admin.user_list()):
            if name != USER:
                admin.user_remove(name)
        for name in json.loads(admin.policy_list()):
            if OWNER_ID in name:
                admin.policy_remove(name)
        for bucket in store.list_buckets():
            for item in store.list_objects(bucket.name, recursive=True, include_version=True):
                store.remove_object(bucket.name, item.object_name, item.version_id)
            store.remove_bucket(bucket.name)


def live(server: MinioServer, stack: Stack) -> None:
    """Everything that the provider does, once.

    Raises:
        DeniedError: the server refused something.
    """
    try:
        _buckets(server, stack)
        _identities(server, stack)
        _verify(server)
        stack.destroy("Bucket")
    except (ProviderError, RefusedError, S3Error, MinioAdminException) as error:
        raise DeniedError(str(error)) from None


def _buckets(server: MinioServer, stack: Stack) -> None:
    bucket = {"bucket": BUCKET, "lifecycle": RULES, "versioning": True, "quotaBytes": 1 << 30}
    stack.up("Bucket", bucket | {"encryption": {}})
    require(stack.refresh("Bucket"), "the bucket is not seen")
    put(server, "prod/team-a/kept")
    with pytest.raises(ProviderError) as refusal:
        stack.destroy("Bucket")
    require("1 object" in str(refusal.value), str(refusal.value))
    changed = bucket | {"versioning": False, "quotaBytes": 2 << 30, "lifecycle": []}
    stack.up("Bucket", changed | {"forceDestroy": True})


def _identities(server: MinioServer, stack: Stack) -> None:
    user, name = f"prod.{OWNER_ID}", f"policy.{OWNER_ID}"
    stack.up("Policy", {"name": name, "document": PERMISSIVE})
    stack.up("User", {"name": user})
    stack.up("Attachment", {"user": user, "policies": [name]})
    for kind in ("Policy", "User", "Attachment"):
        require(stack.refresh(kind), f"the {kind} is not seen")
    stack.up("User", {"name": user, "status": "disabled"})
    stack.up("User", {"name": user, "status": "enabled"})
    secret = stack.outputs("User")["secretKey"]
    server.admin(user, secret).add_service_account(access_key="minted-by-it", secret_key="x" * 20)
    other = f"other.{OWNER_ID}"
    server.admin().user_add(other, "x" * 20)
    server.admin().attach_policy([name], user=other)
    stack.destroy("Attachment")
    stack.destroy("User")
    stack.destroy("Policy")


def _verify(server: MinioServer) -> None:
    put(server, f"{FOLDER}object")
    root = verify_store(server, "root-of-the-test", "canary-root-secret")
    root.begin_upload(BUCKET, f"{FOLDER}upload")
    mine = verify_store(server, USER, SECRET)
    found = mine.versions(BUCKET, FOLDER, 10)
    uploads = mine.uploads(BUCKET, f"{FOLDER}upload")
    answers = [found, uploads]
    answers += [mine.delete_version(BUCKET, version) for version in found.value or []]
    answers += [mine.abort_upload(BUCKET, *upload) for upload in uploads.value or []]
    require(all(a.done for a in answers), f"verify: {[a.text for a in answers]}")
    require(len(answers) == 4, "verify does not see what it made")


def verify_store(server: MinioServer, user: str, secret: str) -> Store:
    place = Server(address=server.endpoint, secure=False, region="us-east-1")
    return Store(place, Keys(user, secret))


def put(server: MinioServer, key: str) -> None:
    server.store().put_object(BUCKET, key, io.BytesIO(b"x"), 1)


def rights(bucket: dict) -> list[tuple[str, str]]:
    """Each action of each statement, by the statement's name."""
    return [
        (statement["Sid"], action)
        for statement in policy("minio:9000", bucket)["Statement"]
        for action in statement["Action"]
    ]


def without(whole: dict, sid: str, action: str) -> dict:
    """A policy that lacks one right."""
    less = deepcopy(whole)
    (statement,) = [s for s in less["Statement"] if s["Sid"] == sid]
    statement["Action"].remove(action)
    less["Statement"] = [s for s in less["Statement"] if s["Action"]]
    return less


def test_the_documented_policy_is_enough_for_everything(server):
    with Deployer(server, policy(server.endpoint, OURS)) as stack:
        live(server, stack)


@pytest.mark.parametrize(("sid", "action"), rights(OURS))
def test_without_any_one_right_something_is_refused(server, sid, action):
    less = without(policy(server.endpoint, OURS), sid, action)
    with Deployer(server, less) as stack, pytest.raises(DeniedError):
        live(server, stack)


def test_verify_is_cleaned_up_in_a_bucket_of_others(server):
    with Deployer(server, policy(server.endpoint, THEIRS)):
        server.store().make_bucket(BUCKET)
        _verify(server)


@pytest.mark.parametrize(("sid", "action"), [r for r in rights(THEIRS) if r[0] != "Identities"])
def test_without_any_one_right_verify_is_not_cleaned_up(server, sid, action):
    with Deployer(server, without(policy(server.endpoint, THEIRS), sid, action)):
        server.store().make_bucket(BUCKET)
        with pytest.raises(DeniedError):
            _verify(server)


def test_verify_works_in_the_folder_that_the_policy_names():
    assert cleanup.FOLDER == deployer.VERIFY_FOLDER


def test_the_deployer_reads_no_artifact(server):
    with Deployer(server, policy(server.endpoint, OURS)) as stack:
        stack.up("Bucket", {"bucket": BUCKET, "forceDestroy": True})
        put(server, "prod/team-a/artifact")
        mine = verify_store(server, USER, SECRET)
        assert mine.get(BUCKET, "prod/team-a/artifact").kind == "denied"
        assert mine.put(BUCKET, "prod/team-a/artifact", b"y").kind == "denied"
        assert mine.delete_version("other", Version("k", "null")).kind == "denied"
        assert mine.server_info().kind == "denied"
