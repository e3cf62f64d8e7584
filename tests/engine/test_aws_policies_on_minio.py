"""The S3 half of our AWS documents before a real MinIO server: every row that it can judge.

What it does not know, and which rows are therefore left to the other judges, is reviewed here.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from minio.error import MinioAdminException

from argo_artifacts.documents import canonical
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER, MinioServer, running
from tests.unit import aws_minio
from tests.unit.aws_calls import TABLE
from tests.unit.aws_minio import Asked, asked, judged, omitted
from tests.unit.aws_world import TLS, Actor, documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3.client import S3Client

    from tests.unit.aws_world import Call

SECRET = "canary-of-a-session"
BUCKETS = ("acme-artifacts", "acme-models", "other")

LEFT = {
    (True, "a call to another service than S3"): 33,
    (False, "a call to another service than S3"): 122,
    (False, "MinIO asks for another action"): 92,
    (False, "minimum TLS"): 170,
    (False, "refused before S3 is asked: token, trust, association"): 212,
    (False, "the session tag is a wildcard, which a text put in its place would be, too"): 4,
}
"""Rows that the other judges judge alone, by their answer."""

TO_THE_BUCKET = {"Principal", "s3:TlsVersion"}
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
CLUSTER = {"${aws:PrincipalTag/eks-cluster-name}"}
TAGS = CLUSTER | {"${aws:PrincipalTag/kubernetes-namespace}"}
OMITTED = {
    "irsa, executor": TO_THE_BUCKET | KEY,
    "irsa, collector": TO_THE_BUCKET,
    "irsa, server": TO_THE_BUCKET | KEY,
    "podIdentity shared, executor": TO_THE_BUCKET | KEY | TAGS,
    "podIdentity shared, collector": TO_THE_BUCKET | TAGS,
    "podIdentity shared, server": TO_THE_BUCKET | KEY | CLUSTER,
    "podIdentity perTenant, executor": TO_THE_BUCKET | KEY,
    "podIdentity perTenant, collector": TO_THE_BUCKET,
    "podIdentity perTenant, server": TO_THE_BUCKET | KEY,
    "accessKeys, union": TO_THE_BUCKET | KEY,
    "assumeRole by pods, executor": TO_THE_BUCKET | KEY,
    "assumeRole by pods, collector": TO_THE_BUCKET | KEY,
    "assumeRole by pods, server": TO_THE_BUCKET | KEY,
    "assumeRole from podIdentity, executor": TO_THE_BUCKET | KEY,
    "assumeRole from podIdentity, collector": TO_THE_BUCKET | KEY,
    "assumeRole from podIdentity, server": TO_THE_BUCKET | KEY,
    "assumeRole by refresher, union": TO_THE_BUCKET | KEY,
    "accessGrants, union": TO_THE_BUCKET | KEY | {"kms:*"},
    "accessGrants, location": TO_THE_BUCKET | KEY,
}
"""What is left out of each actor's documents, or has the session's value in its place."""

actors = pytest.mark.parametrize("of", TABLE, ids=str)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    with running(tmp_path_factory.mktemp("minio")) as started:
        yield started


class Question(NamedTuple):
    """What a row asks; many rows ask the same, since much of who asks is not S3's to judge."""

    whose: Asked
    verb: str
    key: str | None
    bucket: str


def question(of: Actor, call: Call) -> Question:
    return Question(asked(of, call)[0], call.verb, call.key, call.bucket)


class Judge:
    """A MinIO server with a user for each policy that is asked about."""

    def __init__(self, server: MinioServer) -> None:
        self.server = server
        self.admin = server.admin()
        self.root = self.client(ROOT_USER, ROOT_SECRET)
        for bucket in BUCKETS:
            self.root.create_bucket(Bucket=bucket)
        self._users: dict[Asked, S3Client] = {}
        self._numbers = count()
        self._pool = ThreadPoolExecutor(8)
        self.answers: dict[Question, bool] = {}

    def client(self, user: str, secret: str) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=f"http://{self.server.endpoint}",
            region_name="us-east-1",
            aws_access_key_id=user,
            aws_secret_access_key=secret,
            config=Config(
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                max_pool_connections=8,
                proxies={},
            ),
        )

    def user(self, whose: Asked) -> S3Client:
        """Whoever has the policies of *whose*."""
        if whose not in self._users:
            name = f"user-{next(self._numbers)}"
            self.admin.user_add(name, SECRET)
            if whose.policy:
                self.admin.policy_add(policy_name=name, policy=json.loads(whose.policy))
                self.admin.policy_set(name, user=name)
            if whose.session:
                own = self.server.admin(name, SECRET)
                name = f"session-{name}"
                policy = json.loads(whose.session)
                own.add_service_account(access_key=name, secret_key=SECRET, policy=policy)
            self._users[whose] = self.client(name, SECRET)
        return self._users[whose]

    def lets_through(self, questions: Iterable[Question]) -> None:
        """Ask what has not been asked before; several at once, and what deletes after the rest."""
        new = {one for one in questions if one not in self.answers}
        for whose in {one.whose for one in new}:
            self.user(whose)
        for deletes in (False, True):
            some = [one for one in new if (one.verb == "s3:DeleteObject") is deletes]
            self.answers.update(zip(some, self._pool.map(self._ask, some), strict=True))

    def _ask(self, question: Question) -> bool:
        """Whether the server does what is asked; all that it refuses is for want of a right."""
        try:
            self._send(self._users[question.whose], question)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code == "AccessDenied", (question, code)
            return False
        return True

    def _send(self, mine: S3Client, question: Question) -> object:
        bucket, key = question.bucket, question.key or ""
        where = {"Bucket": bucket, "Key": key}
        limited = {} if question.key is None else {"Prefix": key}
        upload = ""
        if question.verb == "s3:AbortMultipartUpload":
            upload = self.root.create_multipart_upload(**where)["UploadId"]
        elif question.verb in ("s3:GetObject", "s3:DeleteObject", "s3:PutObjectTagging"):
            self.root.put_object(**where, Body=b"")
        calls = {
            "s3:ListBucket": lambda: mine.list_objects_v2(Bucket=bucket, **limited),
            "s3:ListBucketMultipartUploads": lambda: mine.list_multipart_uploads(
                Bucket=bucket, **limited
            ),
            "s3:GetObject": lambda: mine.get_object(**where),
            "s3:PutObject": lambda: mine.put_object(**where, Body=b""),
            "s3:DeleteObject": lambda: mine.delete_object(**where),
            "s3:AbortMultipartUpload": lambda: mine.abort_multipart_upload(
                **where, UploadId=upload
            ),
            "s3:PutObjectTagging": lambda: mine.put_object_tagging(**where, Tagging={"TagSet": []}),
        }
        return calls[question.verb]()


@pytest.fixture(scope="module")
def judge(server: MinioServer) -> Judge:
    return Judge(server)


@actors
def test_the_server_judges_each_row_that_it_can_as_the_table_says(judge, of):
    right, wrong = judged(of)
    asks = {call: question(of, call) for call in (*right, *wrong)}
    judge.lets_through(asks.values())
    said = {call: judge.answers[one] for call, one in asks.items()}
    assert said == dict.fromkeys(right, True) | dict.fromkeys(wrong, False)


@actors
def test_what_is_left_out_of_the_documents_has_been_reviewed(of):
    assert omitted(of) == OMITTED[str(of)]


def test_the_rows_left_to_other_judges_have_been_reviewed():
    assert aws_minio.counts() == LEFT


@actors
def test_six_allowed_and_twelve_refused_rows_are_left(of):
    right, wrong = judged(of)
    assert len(right) >= 6
    assert len(wrong) >= 12


KNOWN = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::x/*"]}
REFUSED = {
    "kms:Decrypt": {"Action": ["kms:Decrypt"]},
    "kms:GenerateDataKey": {"Action": ["kms:GenerateDataKey"]},
    "kms:*": {"Action": ["kms:*"], "Resource": ["arn:aws:kms:eu-west-1:111122223333:key/*"]},
    "sts:AssumeRole": {
        "Action": ["sts:AssumeRole"],
        "Resource": ["arn:aws:iam::111122223333:role/x"],
    },
    "s3:GetDataAccess": {"Action": ["s3:GetDataAccess"]},
    "s3:TlsVersion": {"Condition": {"NumericLessThan": {"s3:TlsVersion": ["1.2"]}}},
    "kms:ViaService": {"Condition": {"StringEquals": {"kms:ViaService": ["x"]}}},
    "partition": {"Resource": ["arn:aws-cn:s3:::x/*"]},
}
"""Changes of a statement that the server knows to one of which it knows nothing."""


def test_what_is_left_out_is_what_the_server_refuses(server):
    admin = server.admin()

    def add(**changes: object) -> None:
        statement = KNOWN | changes
        text = {"Version": "2012-10-17", "Statement": [statement]}
        admin.policy_add(policy_name="tried", policy=text)

    add()
    for name, changes in REFUSED.items():
        with pytest.raises(MinioAdminException, match="XMinioMalformedIAMPolicy") as error:
            add(**changes)
        assert any(word in str(error.value) for word in (name, "invalid resource", "not S3")), name
    out = {one for left in OMITTED.values() for one in left}
    assert out - set(REFUSED) == {"Principal"} | TAGS


def test_a_sessions_tag_stays_a_text_on_the_server(judge):
    """Which is why values stand in its place: the variable would let nobody through."""
    of = Actor("podIdentity shared", "executor")
    call = judged(of)[0][0]
    policy = canonical.document(documents(of)["policy"] | {"Statement": [READING]})
    whose = Asked(policy, "")
    judge.lets_through([question(of, call), Question(whose, call.verb, call.key, call.bucket)])
    assert judge.answers[question(of, call)]
    assert not judge.answers[Question(whose, call.verb, call.key, call.bucket)]


BY_TAG = "${aws:PrincipalTag/eks-cluster-name}/${aws:PrincipalTag/kubernetes-namespace}"
READING = {
    "Effect": "Allow",
    "Action": ["s3:GetObject"],
    "Resource": [f"arn:aws:s3:::acme-artifacts/{BY_TAG}/*"],
}


def test_plain_http_is_refused_by_the_buckets_statement_alone(judge):
    of = Actor("irsa", "executor")
    right, wrong = judged(of)
    plain = [call for call in wrong if call.transport == "http"]
    twins = [call._replace(transport=TLS) for call in plain]
    assert len(plain) == 5
    assert set(twins) <= set(right)
    asks = [question(of, call) for call in (*plain, *twins)]
    judge.lets_through(asks)
    assert [judge.answers[one] for one in asks] == [False] * 5 + [True] * 5
