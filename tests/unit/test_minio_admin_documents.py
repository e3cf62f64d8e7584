"""Names, policies and lifecycle rules of the minio-admin plugin."""

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.minio_admin import lifecycle, names, policy
from providers.minio_admin.client import Settings
from providers.minio_admin.resource import is_ours
from providers.minio_admin.values import UNKNOWN


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
