"""The parts of the minio-admin plugin that ask no server."""

import ast
import asyncio
import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minio.error import MinioAdminException, S3Error
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as TlsError

from providers.minio_admin import errors, fields, lifecycle, names, policy
from providers.minio_admin import provider as provider_module
from providers.minio_admin.client import Settings
from providers.minio_admin.provider import MinioAdmin
from providers.minio_admin.resource import is_ours
from providers.minio_admin.user import User
from providers.minio_admin.values import UNKNOWN, has_unknown
from providers.minio_admin.wire import plain, wrap

PLUGIN = Path(__file__).parents[2] / "providers" / "minio_admin"


# --- names


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            names.bucket,
            ["abc", "a" * 63, "a.b-c", "minio-x", "0ab"],
            [
                *("ab", "a" * 64, "Abc", "a_b", "-ab", "ab-", "a..b", "a.-b", "abc\n", ""),
                *("minio", "192.168.0.1", "x-s3alias", "x--ol-s3"),
            ],
        ),
        (
            names.user,
            ["abc", "a" * 250, "a.b_c-d@e+f:g", "Ab1"],
            ["ab", "a" * 251, "a,b", "a=b", "a/b", "a*b", "a?b", "a b", ".ab", "abc\n", "üab"],
        ),
        (
            names.policy,
            ["a", "a" * 255, "prod.team-a.default.0a1b2c3d"],
            ["", "a" * 256, "a,b", "a/b", "a b", "-a", "a\n"],
        ),
        (names.rule, ["a", "a" * 200, "expire.team-a"], ["", "a" * 201, "a/b", "a b"]),
        (names.owner, ["shop/dev", "a" * 256, "org/shop/dev-1"], ["", "a" * 257, "a\nb", "a&b"]),
        (names.owner_id, ["0a1b2c3d"], ["0a1b2c3", "0A1B2C3D", "0a1b2c3d4", "0a1b2c3g", ""]),
        (
            names.endpoint,
            ["minio", "minio.storage.svc:9000", "127.0.0.1:9000", "[::1]:9000"],
            ["http://minio:9000", "minio:9000/path", "minio:0", "minio:99999", "", "a b", "a:b"],
        ),
    ],
    ids=["bucket", "user", "policy", "rule", "owner", "ownerId", "endpoint"],
)
def test_names_are_taken_or_refused_with_what_is_accepted(check, good, bad):
    assert [name for name in good if check(name)] == []
    assert [name for name in bad if not check(name)] == []
    for name in bad:
        line = check(name)
        assert "\n" not in line
        assert len(line) < 300


def test_a_name_is_ours_when_the_id_is_a_whole_part_of_it():
    settings = Settings(
        endpoint="h:1",
        access_key="a",
        secret_key="s",
        secure=False,
        ca_certificate=None,
        region="r",
        owner="shop/dev",
        owner_id="0a1b2c3d",
    )
    assert is_ours(settings, "prod.team-a.0a1b2c3d")
    assert is_ours(settings, "0a1b2c3d-x")
    assert not is_ours(settings, "x0a1b2c3d")
    assert not is_ours(settings, "prod.team-a.0a1b2c3e")
    assert "s3cr3t" not in repr(Settings(**{**vars_of(settings), "secret_key": "s3cr3t"}))


def vars_of(settings):
    return {name: getattr(settings, name) for name in Settings.__slots__}


# --- policies


def document(**statement):
    full = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
    return {"Version": "2012-10-17", "Statement": [{**full, **statement}]}


def faults(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return list(policy._document_faults(text))


DENY = {"Effect": "Deny", "Action": ["admin:*"]}


@pytest.mark.parametrize(
    "good",
    [
        document(),
        document(Action="s3:GetObject", Resource="arn:aws:s3:::b/*", Sid="a"),
        document(Condition={"StringLike": {"s3:prefix": "a/*"}}),
        {"Version": "2012-10-17", "Id": "x", "Statement": [DENY]},
        {"Version": "2012-10-17", "Statement": DENY},
    ],
)
def test_a_document_that_the_server_takes_has_no_fault(good):
    assert faults(good) == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", ": no JSON ("),
        ([], ": list found, an object with Version and Statement is accepted"),
        ({"Version": "2008-10-17", "Statement": [DENY]}, " Version: '2008-10-17' found, "),
        ({"Statement": [DENY]}, " Version: None found, '2012-10-17' is accepted"),
        ({"Version": "2012-10-17", "Statement": []}, " Statement: none found, at least one"),
        ({"Version": "2012-10-17", "Statement": ["x"]}, " Statement[0]: str found, an object"),
        ({**document(), "version": 1}, " 'version': unknown, "),
        (document(Effect="allow"), " Statement[0] Effect: 'allow' found, Allow or Deny"),
        (document(Action=[]), " Statement[0] Action: none found, at least one is needed"),
        (document(Action=["admin:*", "s3:Get*"]), " Statement[0] Action: admin and other actions"),
        (document(Resource=[]), " Statement[0] Resource: none found, at least one ARN"),
        (document(Resource=["*"]), " Statement[0] Resource: '*' found, arn:aws:s3:::bucket/key"),
        (document(Principal="*"), " Statement[0] Principal: found, the server drops it; "),
        (document(NotAction=["s3:*"]), " Statement[0] NotAction: found, the server can never read"),
        (document(Resources=["x"]), " Statement[0] 'Resources': unknown, "),
        (document(Sid="x" * 21000), " bytes without spaces found, 20480 are accepted; "),
    ],
)
def test_a_document_that_the_server_refuses_or_drops_is_one_line(bad, says):
    found = faults(bad)
    assert len(found) == 1
    assert says in found[0]
    assert "\n" not in found[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Condition"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_any_json_is_faults_or_a_canonical_text_and_never_an_exception(value):
    text = json.dumps(value)
    assert all("\n" not in line for line in faults(text))
    once = policy.canonical(text)
    assert policy.canonical(once) == once


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["s3:Get", "s3:Put", "s3:List", "s3:Del"]), min_size=1), st.randoms()
)
def test_order_and_repetition_do_not_change_the_meaning(actions, random):
    shuffled = actions * 2
    random.shuffle(shuffled)
    first = document(Action=actions)
    second = {"Statement": [document(Action=shuffled)["Statement"][0]] * 2, "Version": "2012-10-17"}
    assert policy.canonical(json.dumps(first)) == policy.canonical(json.dumps(second, indent=3))


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Deny"},
        {"Action": ["s3:PutObject"]},
        {"Resource": ["arn:aws:s3:::b/c/*"]},
        {"Condition": {"StringLike": {"s3:prefix": "a/*"}}},
    ],
)
def test_another_meaning_is_another_canonical_text(change):
    assert policy.canonical(json.dumps(document())) != policy.canonical(
        json.dumps(document(**change))
    )


# --- lifecycle

DAYS = st.none() | st.integers(1, 2**31 - 1)
RULE = st.builds(
    lambda name, prefix, days, older, markers: {
        key: value
        for key, value in {
            "id": name,
            "prefix": prefix,
            "expireDays": days,
            "noncurrentExpireDays": older,
            "expireDeleteMarkers": markers,
        }.items()
        if value is not None
    },
    st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
    st.text(st.characters(categories=["L", "N"], include_characters="/-& <>"), max_size=10),
    DAYS,
    DAYS,
    st.booleans(),
).filter(lambda rule: not list(lifecycle.faults("p", [rule])))
RULES = st.lists(RULE, max_size=5, unique_by=lambda rule: rule["id"])


@settings(deadline=None)
@given(RULES)
def test_what_we_write_is_what_we_read(rules):
    written = lifecycle.parse(lifecycle.write(lifecycle.render(rules)))
    assert lifecycle.describe(written) == lifecycle.settle(rules)
    assert lifecycle.foreign(written) == []
    assert lifecycle.ours(written) == written


OURS = [{"id": "a", "prefix": "x/", "expireDays": 3, "expireDeleteMarkers": True}]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Enabled", "Disabled"),
        ("<Days>3</Days>", "<Date>2030-01-01T00:00:00Z</Date>"),
        ("<Prefix>x/</Prefix>", "<Tag><Key>k</Key><Value>v</Value></Tag>"),
        (
            "</Filter>",
            "</Filter><Transition><Days>1</Days><StorageClass>C</StorageClass></Transition>",
        ),
    ],
)
def test_a_rule_of_ours_that_our_words_cannot_tell_is_never_equal(was, becomes):
    text = lifecycle.write(lifecycle.render(OURS)).decode().replace(was, becomes)
    read = lifecycle.describe(lifecycle.parse(text.encode()))
    assert len(read) == 1
    assert read != lifecycle.settle(OURS)
    assert becomes.partition("<")[0] in read[0]["xml"]


def test_the_order_within_a_rule_and_a_namespace_do_not_matter():
    rules = lifecycle.render(OURS)
    for rule in rules:
        rule[:] = reversed(rule)
    text = lifecycle.write(rules).replace(
        b"<LifecycleConfiguration>",
        b'<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    )
    assert lifecycle.describe(lifecycle.parse(text)) == lifecycle.settle(OURS)


def test_a_foreign_rule_is_told_as_far_as_it_can_be():
    text = (
        b"<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status>"
        b"<Filter><Prefix>q/</Prefix></Filter><Expiration><Days>4</Days></Expiration></Rule>"
        b"</LifecycleConfiguration>"
    )
    (rule,) = lifecycle.describe(lifecycle.parse(text))
    assert (rule["id"], rule["prefix"], rule["expireDays"]) == ("theirs", "q/", 4)
    assert "xml" in rule
    assert [ET.tostring(r) for r in lifecycle.foreign(lifecycle.parse(text))] == [
        text.removeprefix(b"<LifecycleConfiguration>").removesuffix(b"</LifecycleConfiguration>")
    ]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([{"id": "a"}], "p lifecycle[0]: no expiry, "),
        ([{"prefix": "a/", "expireDays": 1}], "p lifecycle[0] id: missing, a text is required"),
        ([{"id": "a/b", "expireDays": 1}], "p lifecycle[0] id: 'a/b' found, "),
        ([{"id": "a", "expireDays": 0, "expireDeleteMarkers": True}], "expireDays: 0 found, 1 day"),
        ([{"id": "a", "expireDays": 2**31}], "expireDays: 2147483648 found, 1 day"),
        ([{"id": "a", "expireDays": "3"}], "expireDays: str found, a whole number is accepted"),
        ([{"id": "a", "expireDays": 1, "abortDays": 1}], "abortDays: unknown property, "),
        ([{"id": "a", "expireDays": 1, "prefix": "x" * 1025}], "prefix: too long, 1024 bytes"),
        ([{"id": "a", "expireDays": 1}] * 2, "p lifecycle[1] id: 'a' stands twice, each id once"),
        (
            [{"id": f"r{n}", "expireDays": 1, "expireDeleteMarkers": True} for n in range(501)],
            "p lifecycle: too many rules, 1000 are accepted",
        ),
    ],
)
def test_a_rule_that_the_server_refuses_is_one_line(rules, says):
    found = list(lifecycle.faults("p", rules))
    assert [line for line in found if says in line]
    assert all("\n" not in line for line in found)


def test_a_rule_with_a_value_not_known_yet_is_no_fault():
    assert list(lifecycle.faults("p", [{"id": "a", "expireDays": UNKNOWN}, UNKNOWN])) == []


# --- values and fields


def test_values_survive_the_way_to_pulumi_and_back():
    values = {"a": "x", "b": True, "c": 3, "d": 1.5, "e": ["x", {"f": UNKNOWN}], "g": {}}
    sent = {k: PropertyValue.unmarshal(v.marshal()) for k, v in wrap(values).items()}
    assert plain(sent) == values
    assert has_unknown(plain(sent))
    assert not has_unknown({"a": ["x", {"b": 1}]})
    assert plain({"a": PropertyValue(Computed()), "b": PropertyValue(None)}) == {"a": UNKNOWN}


def test_a_secret_stays_a_secret():
    assert wrap({"a": "x", "b": "y"}, {"a"})["a"].is_secret
    assert not wrap({"a": "x", "b": "y"}, {"a"})["b"].is_secret
    assert wrap({"a": UNKNOWN}, {"a"})["a"].is_secret


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, "bucket: missing, a text is required"),
        ({"bucket": 3}, "bucket: int found, a text is accepted"),
        ({"versioning": "yes"}, "versioning: str found, true or false is accepted"),
        ({"quotaBytes": True}, "quotaBytes: bool found, a whole number is accepted"),
        ({"quotaBytes": 1.5}, "quotaBytes: float found, a whole number is accepted"),
        ({"lifecycle": ["x"]}, "lifecycle: list found, a list of rules is accepted"),
        ({"encryption": "SSE-S3"}, "encryption: str found, an object, empty or with kmsKeyId is "),
        ({"color": "red"}, "color: unknown property, bucket, ownership, "),
        ({"owner": "x"}, "owner: unknown property, bucket, ownership, "),
    ],
)
def test_a_wrong_property_is_one_line(inputs, says):
    given = {"bucket": "abc", **inputs} if inputs else {}
    (line,) = fields.check(fields.BUCKET, "p", given)
    assert line.startswith(f"p {says}")


def test_what_is_not_known_yet_is_no_fault():
    unknown = {"bucket": UNKNOWN, "lifecycle": [UNKNOWN], "quotaBytes": UNKNOWN}
    assert list(fields.check(fields.BUCKET, "p", unknown)) == []


def test_a_wrong_secret_is_not_told_by_its_type():
    (line,) = fields.check(
        {"secretKey": fields.CONFIG["secretKey"]}, "p", {"secretKey": ["a secret in a list"]}
    )
    assert line == "p secretKey: a secret found, a text is accepted"


def test_the_schema_tells_every_property():
    schema = json.loads(json.dumps(fields.schema()))
    user = schema["resources"]["minio-admin:index:User"]
    assert user["properties"]["secretKey"]["secret"] is True
    assert set(user["inputProperties"]) == {"name", "status"}
    assert user["requiredInputs"] == ["name"]
    bucket = schema["resources"]["minio-admin:index:Bucket"]
    assert set(bucket["properties"]) == set(fields.BUCKET)
    for resource in schema["resources"].values():
        for described in resource["properties"].values():
            reference = described.get("items", described).get("$ref")
            assert reference is None or reference.removeprefix("#/types/") in schema["types"]


# --- errors


def answer(body, status="400"):
    return MinioAdminException(status, body)


def code(name, message="Words."):
    return answer(json.dumps({"Code": name, "Message": message}))


def refused():
    return MaxRetryError(
        None, "/", NewConnectionError(None, "failed: [Errno 111] Connection refused")
    )


SERVER = "minio h:1"
NO_ADMIN_API = (
    "has no MinIO admin API, a MinIO server is needed to create buckets and users; use "
    "`server: credentials` with a bucket and keys that exist"
)
UNREACHABLE = "a running MinIO server is needed; start it or correct the endpoint"


@pytest.mark.parametrize(
    ("error", "path", "says"),
    [
        (refused(), SERVER, f"cannot be reached (connection refused), {UNREACHABLE}"),
        (
            MaxRetryError(None, "/", ReadTimeoutError(None, "/", "Read timed out. (120)")),
            SERVER,
            f"cannot be reached (no answer in time), {UNREACHABLE}",
        ),
        (
            MaxRetryError(None, "/", TlsError("[SSL: WRONG_VERSION_NUMBER] wrong version")),
            SERVER,
            "speaks no TLS, secure: true was given; set secure: false or switch TLS on",
        ),
        (
            answer("Client sent an HTTP request to an HTTPS server.\n"),
            SERVER,
            "speaks TLS, secure: false was given; set secure: true",
        ),
        (code("InvalidAccessKeyId"), SERVER, "the admin's accessKey is unknown there or disabled,"),
        (code("SignatureDoesNotMatch"), SERVER, "the admin's secretKey is wrong,"),
        (
            answer("<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>", "404"),
            SERVER,
            NO_ADMIN_API,
        ),
        (
            code("AccessDenied", "Access Denied."),
            f"{SERVER} user u",
            "refused to the admin's key (Access Denied), admin rights are needed; ",
        ),
        (
            code("XMinioSomething", "Many\nlines  of\ttext."),
            f"{SERVER} user u",
            "refused by the server (XMinioSomething), Many lines of text",
        ),
        (ValueError("too\nmany tags"), f"{SERVER} user u", "too many tags"),
    ],
    ids=[
        "refused",
        "silent",
        "plain",
        "tls",
        "key",
        "secret",
        "no-admin",
        "rights",
        "other",
        "package",
    ],
)
def test_a_fault_of_the_server_is_one_line(error, path, says):
    line = str(errors.explain(SERVER, f"{SERVER} user u", error))
    assert line.startswith(f"{path}: {says}")
    assert line.splitlines() == [line]


def test_a_server_that_may_come_up_is_told_apart():
    for error in (refused(), code("XMinioServerNotInitialized"), code("XMinioIAMNotInitialized")):
        assert isinstance(errors.explain("s", "p", error), errors.UnreachableError)
    for error in (code("AccessDenied"), code("SignatureDoesNotMatch")):
        assert not isinstance(errors.explain("s", "p", error), errors.UnreachableError)


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_answer_of_a_server_spans_lines(name, message):
    for error in (code(name, message), answer(message), ValueError(message)):
        line = str(errors.explain("minio h:1", "minio h:1 user u", error))
        assert len(line.splitlines()) == 1


def test_a_fault_of_our_own_tells_its_place_and_nothing_that_it_holds():
    try:
        {}["a-secret-key"]
    except KeyError as error:
        line = errors.internal(error)
    assert line.startswith("minio-admin: KeyError at test_minio_admin.py:")
    assert "a-secret-key" not in line


def test_an_s3_error_gives_its_code():
    error = S3Error(None, "NoSuchBucket", "gone", "/b", "1", "2")
    assert errors.code(error) == "NoSuchBucket"


# --- requests


def settings_of(**changes):
    values = {
        "endpoint": "127.0.0.1:1",
        "accessKey": "a",
        "secretKey": "s",
        "secure": False,
        "owner": "shop/dev",
        "ownerId": "0a1b2c3d",
        **changes,
    }
    return wrap(values, {"accessKey", "secretKey"})


@pytest.fixture
def provider():
    made = MinioAdmin(print)
    request = api.ConfigureRequest({}, settings_of(), accept_secrets=True, accept_resources=True)
    asyncio.run(made.configure(request))
    return made


def check(provider, kind, **inputs):
    urn = f"urn:pulumi:dev::shop::{kind}::it"
    return asyncio.run(provider.check(api.CheckRequest(urn, {}, wrap(inputs), b"")))


def test_a_child_of_a_component_is_the_same_resource(provider):
    child = "argo-artifacts:index:MinioStore$minio-admin:index:Bucket"
    for kind in ("minio-admin:index:Bucket", child):
        assert plain(check(provider, kind, bucket="abc").inputs)["ownership"] == "create"


def test_an_unknown_type_is_one_line(provider):
    with pytest.raises(errors.ProviderError) as refused:
        check(provider, "minio-admin:index:Buckett", bucket="abc")
    assert str(refused.value).startswith(
        "minio-admin provider: minio-admin:index:Buckett found, minio-admin:index:Bucket, "
    )


def test_a_secret_input_stays_secret_in_what_is_checked(provider):
    urn = "urn:pulumi:dev::shop::minio-admin:index:Policy::it"
    inputs = wrap({"name": "p", "document": json.dumps(document())}, {"document"})
    answer = asyncio.run(provider.check(api.CheckRequest(urn, {}, inputs, b"")))
    assert answer.inputs["document"].is_secret
    assert not answer.inputs["name"].is_secret


def test_the_keys_are_secret_whatever_the_program_says(provider):
    request = api.CheckRequest("urn::p::p", {}, wrap(plain(settings_of())), b"")
    answer = asyncio.run(provider.check_config(request))
    assert {name for name, value in answer.inputs.items() if value.is_secret} == {
        "accessKey",
        "secretKey",
    }


@pytest.mark.parametrize("name", ["endpoint", "accessKey", "secretKey", "secure", "owner"])
def test_a_changed_configuration_is_an_update_and_no_replacement(provider, name):
    changed = settings_of(**{name: name == "secure" or "other"})
    request = api.DiffRequest("urn::p::p", "id", settings_of(), changed, [])
    diff = asyncio.run(provider.diff_config(request))
    assert (diff.changes, diff.diffs, diff.replaces) == (True, [name], [])
    same = api.DiffRequest("urn::p::p", "id", settings_of(), settings_of(), [])
    assert asyncio.run(provider.diff_config(same)).changes is False


def test_a_provider_that_is_not_known_yet_waits(provider):
    del provider
    waiting = MinioAdmin(print)
    unknown = settings_of(endpoint=UNKNOWN)
    request = api.ConfigureRequest({}, unknown, accept_secrets=True, accept_resources=True)
    asyncio.run(waiting.configure(request))
    with pytest.raises(errors.ProviderError, match="no configuration yet"):
        check(waiting, "minio-admin:index:Bucket", bucket="abc")


# --- credentials, which need no server

CREDENTIALS = "minio-admin:index:Credentials"


def configured(**values):
    made = MinioAdmin(print)
    config = wrap({"owner": "shop/dev", "ownerId": "0a1b2c3d", **values})
    request = api.ConfigureRequest({}, config, accept_secrets=True, accept_resources=True)
    asyncio.run(made.configure(request))
    return made


def make(provider, **inputs):
    urn = f"urn:pulumi:dev::shop::{CREDENTIALS}::it"
    request = api.CreateRequest(urn, wrap(inputs), timeout=0, preview=False)
    return asyncio.run(provider.create(request))


def read(provider, known):
    urn = f"urn:pulumi:dev::shop::{CREDENTIALS}::it"
    return asyncio.run(provider.read(api.ReadRequest(urn, "root-1", known, wrap({}))))


def test_credentials_are_generated_once_and_secret():
    provider = configured()
    checked = check(provider, CREDENTIALS, username="root-1")
    assert (checked.failures, plain(checked.inputs)) == (None, {"username": "root-1"})
    made, other = make(provider, username="root-1"), make(provider, username="root-1")
    assert made.resource_id == "root-1"
    assert made.properties["secretKey"].is_secret
    secret = str(plain(made.properties)["secretKey"])
    assert len(secret) == 40
    assert secret.isalnum()
    assert secret != plain(other.properties)["secretKey"]
    assert read(provider, made.properties).properties == made.properties


def test_another_name_is_another_secret():
    provider = configured()
    made = make(provider, username="root-1")
    urn = f"urn:pulumi:dev::shop::{CREDENTIALS}::it"

    def replaces(name):
        new = wrap({"username": name})
        request = api.DiffRequest(urn, "root-1", made.properties, new, [])
        return asyncio.run(provider.diff(request)).replaces

    assert replaces("root-1") == []
    assert replaces("root-2") == ["username"]


def test_credentials_are_neither_imported_nor_badly_named():
    provider = configured()
    with pytest.raises(errors.ProviderError) as refused:
        read(provider, {})
    assert str(refused.value) == (
        "minio-admin credentials root-1: cannot be imported, generated ones are accepted; nobody"
        " can read a secret"
    )
    (failure,) = check(provider, CREDENTIALS, username="a/b").failures
    assert failure.reason.startswith("minio-admin credentials a/b username: 'a/b' found, 3 to 250")


def test_what_stands_on_a_server_is_refused_without_one():
    with pytest.raises(errors.ProviderError) as refused:
        check(configured(), "minio-admin:index:Bucket", bucket="abc")
    assert str(refused.value) == (
        "minio-admin provider: no endpoint, endpoint, accessKey and secretKey are required"
        " for a bucket"
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"endpoint": "h:1"}, ["accessKey: missing", "secretKey: missing"]),
        ({"secretKey": "s", "accessKey": "a"}, ["endpoint: missing"]),
        ({"waitSeconds": -1}, ["waitSeconds: -1 found, 0 to 3600 seconds are accepted"]),
        ({"waitSeconds": "3601"}, ["waitSeconds: 3601 found, 0 to 3600 seconds are accepted"]),
        ({"waitSeconds": "3600"}, []),
        ({"waitSeconds": "soon"}, ["waitSeconds: str found, a whole number is accepted"]),
        ({}, []),
    ],
)
def test_a_server_is_given_whole_or_not_at_all(values, says):
    config = wrap({"owner": "shop/dev", "ownerId": "0a1b2c3d", **values})
    request = api.CheckRequest("urn::p::p", {}, config, b"")
    failures = asyncio.run(MinioAdmin(print).check_config(request)).failures or []
    assert len(failures) == len(says)
    for failure, line in zip(failures, says, strict=True):
        assert failure.reason.startswith(f"minio-admin provider {line}")


class Starting:
    """A server that answers some time."""

    def __init__(self, answers):
        self.looks = 0
        self._answers = answers

    def answers(self):
        self.looks += 1
        return self.looks >= self._answers


def starting(provider, monkeypatch, answers):
    """Let the provider's server answer when it is asked for the time *answers*."""
    server = Starting(answers)
    monkeypatch.setattr(provider, "_quick", server)
    return server


class ChangedError(Exception):
    """A change has reached the server."""


def remove_a_user(provider, monkeypatch):
    """Send the first change; the call itself is cut off."""

    def reached(_self, _server, _state):
        raise ChangedError

    monkeypatch.setattr(User, "delete", reached)
    urn = "urn:pulumi:dev::shop::minio-admin:index:User::it"
    request = api.DeleteRequest(urn, "u", wrap({"name": "u"}), 0)
    with pytest.raises(ChangedError):
        asyncio.run(provider.delete(request))


def test_the_first_change_waits_until_the_server_answers_and_no_other_does(monkeypatch):
    monkeypatch.setattr(provider_module, "_LOOK_AGAIN_SECONDS", 0)
    provider = configured(endpoint="127.0.0.1:1", accessKey="a", secretKey="s", waitSeconds=60)
    server = starting(provider, monkeypatch, answers=3)
    remove_a_user(provider, monkeypatch)
    assert server.looks == 3
    remove_a_user(provider, monkeypatch)
    assert server.looks == 3


@pytest.mark.parametrize(("seconds", "looks"), [({}, {0}), ({"waitSeconds": 1}, set(range(2, 12)))])
def test_the_wait_ends_and_the_change_is_tried_nevertheless(monkeypatch, seconds, looks):
    monkeypatch.setattr(provider_module, "_LOOK_AGAIN_SECONDS", 0.1)
    provider = configured(endpoint="127.0.0.1:1", accessKey="a", secretKey="s", **seconds)
    server = starting(provider, monkeypatch, answers=1000)
    remove_a_user(provider, monkeypatch)
    assert server.looks in looks


def test_credentials_wait_for_no_server(monkeypatch):
    provider = configured(endpoint="127.0.0.1:1", accessKey="a", secretKey="s", waitSeconds=60)
    server = starting(provider, monkeypatch, answers=1000)
    make(provider, username="root-1")
    assert server.looks == 0


# --- the plugin's shape


def test_the_plugin_stands_alone():
    """It is a program of its own: nothing of the stack's program may come in."""
    for path in PLUGIN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in found:
                assert name.split(".")[0] not in ("argo_artifacts", "components", "tools"), path


def test_the_executable_finds_its_python_from_anywhere(tmp_path):
    script = PLUGIN / "pulumi-resource-minio-admin"
    assert os.access(script, os.X_OK)
    done = subprocess.run(
        [script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == (
        "pulumi-resource-minio-admin: no engine's address, Pulumi starts this program\n"
    )
