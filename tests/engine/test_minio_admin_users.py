import io
import json
from contextlib import suppress

import pytest
import urllib3
from minio.credentials.providers import AssumeRoleProvider
from minio.error import MinioAdminException, S3Error

from providers.minio_admin.errors import ProviderError
from providers.minio_admin.policy import canonical
from tests.engine.minio_admin_plugin import OWNER_ID, RefusedError, Stack
from tests.engine.minio_server import ROOT_USER, running

USER = f"prod.team-a.default.1.{OWNER_ID}"
POLICY = f"prod.team-a.default.{OWNER_ID}"
READ = {
    "Effect": "Allow",
    "Action": ["s3:GetObject"],
    "Resource": ["arn:aws:s3:::artifacts/team-a/*"],
}
LIST = {
    "Effect": "Allow",
    "Action": ["s3:ListBucket"],
    "Resource": ["arn:aws:s3:::artifacts"],
    "Condition": {"StringLike": {"s3:prefix": ["team-a/*", "shared/*"]}},
}
LONGEST = f"{OWNER_ID}.{'u' * 241}"
BUILT_IN = {"consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly"}
NO_ADMIN = {"Effect": "Deny", "Action": ["admin:*"]}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio")) as started:
        store = started.store()
        store.make_bucket("artifacts")
        store.put_object("artifacts", "team-a/file", io.BytesIO(b"x"), 1)
        yield started


@pytest.fixture
def stack(server):
    yield Stack(server)
    admin = server.admin()
    for user in (USER, LONGEST, LONGEST + "u", "theirs", "somebody"):
        with suppress(MinioAdminException):
            admin.user_remove(user)
    for policy in set(json.loads(admin.policy_list())) - BUILT_IN:
        admin.policy_remove(policy)


def reads(server, user, secret, token=""):
    """Whether these keys read their own object."""
    try:
        server.store(user, secret, token).get_object("artifacts", "team-a/file").close()
    except S3Error as error:
        return error.code
    return True


def refused_by_server(call):
    """The code of an admin call that is refused, None if it works."""
    try:
        call()
    except MinioAdminException as error:
        return json.loads(error._body)["Code"]
    return None


def mint(server, user, secret, token="", **more):
    answer = json.loads(server.admin(user, secret, token).add_service_account(**more))
    return answer["credentials"]["accessKey"], answer["credentials"]["secretKey"]


def session(server, user, secret, **more):
    found = AssumeRoleProvider(
        sts_endpoint=f"http://{server.endpoint}",
        access_key=user,
        secret_key=secret,
        region="us-east-1",
        http_client=urllib3.PoolManager(retries=False),
        **more,
    ).retrieve()
    return found.access_key, found.secret_key, found.session_token


def provision(stack, *statements):
    """A user with a policy; its secret."""
    stack.up("Policy", {"name": POLICY, "document": document(*statements)})
    stack.up("User", {"name": USER})
    stack.up("Attachment", {"user": USER, "policies": [POLICY]})
    return stack.outputs("User")["secretKey"]


def policies_of(server, user=USER):
    known = json.loads(server.admin().user_info(user))
    return set(filter(None, known.get("policyName", "").split(",")))


# --- policies


def test_a_policy_is_written_and_a_second_run_changes_nothing(stack, server):
    wanted = {"name": POLICY, "document": document(READ, LIST, NO_ADMIN)}
    stack.up("Policy", wanted)
    assert len(json.loads(server.admin().policy_info(POLICY))["Statement"]) == 3
    assert stack.up("Policy", wanted) == set()
    stack.refresh("Policy")
    assert stack.up("Policy", wanted) == set()


def test_another_spelling_of_a_policy_is_no_change(stack):
    stack.up("Policy", {"name": POLICY, "document": document(READ, LIST)})
    spelt = json.dumps(
        {
            "Statement": [
                {
                    **LIST,
                    "Action": "s3:ListBucket",
                    "Condition": {"StringLike": {"s3:prefix": ["shared/*", "team-a/*"]}},
                },
                {**READ, "Resource": "arn:aws:s3:::artifacts/team-a/*"},
            ],
            "Version": "2012-10-17",
        },
        indent=4,
    )
    assert stack.diff("Policy", {"name": POLICY, "document": spelt}).diffs == []


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": True}},
        {"NumericLessThanEquals": {"s3:max-keys": 10}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.1"}},
    ],
    ids=["flag", "number", "address"],
)
def test_what_the_server_spells_anew_is_no_change(stack, condition):
    wanted = {"name": POLICY, "document": document({**LIST, "Condition": condition})}
    stack.up("Policy", wanted)
    stack.refresh("Policy")
    assert stack.up("Policy", wanted) == set()


def test_statements_that_differ_only_by_name_are_no_perpetual_change(stack):
    """The server drops the second."""
    wanted = {"name": POLICY, "document": document({**READ, "Sid": "a"}, {**READ, "Sid": "b"})}
    stack.up("Policy", wanted)
    stack.refresh("Policy")
    assert stack.up("Policy", wanted) == set()


def test_a_policy_edited_by_hand_is_found_and_repaired(stack, server):
    wanted = {"name": POLICY, "document": document(READ)}
    stack.up("Policy", wanted)
    wide = {**READ, "Resource": ["arn:aws:s3:::artifacts/*"]}
    server.admin().policy_add(POLICY, policy=json.loads(document(wide)))
    stack.refresh("Policy")
    assert "artifacts/*" in stack.outputs("Policy")["document"]
    assert stack.up("Policy", wanted) == {"document"}
    stack.refresh("Policy")
    assert stack.up("Policy", wanted) == set()
    assert json.loads(server.admin().policy_info(POLICY))["Statement"] == [READ]


def test_a_changed_document_is_an_update_and_a_changed_name_a_replacement(stack):
    stack.up("Policy", {"name": POLICY, "document": document(READ)})
    diff = stack.diff("Policy", {"name": POLICY, "document": document(READ, LIST)})
    assert (diff.diffs, diff.replaces) == (["document"], [])
    diff = stack.diff("Policy", {"name": f"new.{OWNER_ID}", "document": document(READ)})
    assert diff.replaces == ["name"]


@pytest.mark.parametrize("when", ["preview", "up"])
@pytest.mark.parametrize("name", ["theirs", "readonly", f"x{OWNER_ID}"])
def test_a_foreign_policy_is_refused(stack, server, when, name):
    if name != "readonly":
        server.admin().policy_add(name, policy=json.loads(document(LIST)))
    before = canonical(server.admin().policy_info(name))
    with pytest.raises(
        ProviderError, match=f"policy {name}: exists and is not of this stack, .*{OWNER_ID}"
    ):
        getattr(stack, when)("Policy", {"name": name, "document": document(READ)})
    assert canonical(server.admin().policy_info(name)) == before


def test_our_own_half_made_policy_is_finished(stack, server):
    server.admin().policy_add(POLICY, policy=json.loads(document(LIST)))
    stack.preview("Policy", {"name": POLICY, "document": document(READ)})
    stack.up("Policy", {"name": POLICY, "document": document(READ)})
    assert json.loads(server.admin().policy_info(POLICY))["Statement"] == [READ]


def test_a_policy_in_use_is_detached_from_users_and_groups_and_removed(stack, server):
    provision(stack, READ)
    server.admin().user_add("somebody", "long-enough")
    server.admin().group_add("everybody", ["somebody"])
    server.admin().attach_policy([POLICY], group="everybody")
    stack.destroy("Policy")
    assert POLICY not in json.loads(server.admin().policy_list())
    assert policies_of(server) == set()
    server.admin().group_remove("everybody", ["somebody"])


def test_a_policy_removed_by_hand_is_found_gone_and_deleting_it_is_fine(stack, server):
    stack.up("Policy", {"name": POLICY, "document": document(READ)})
    server.admin().policy_remove(POLICY)
    stack.destroy("Policy")
    stack.up("Policy", {"name": POLICY, "document": document(READ)})
    server.admin().policy_remove(POLICY)
    assert not stack.refresh("Policy")


def test_a_policy_is_imported_with_its_document(stack, server):
    server.admin().policy_add("theirs", policy=json.loads(document(READ)))
    inputs = stack.take("Policy", "theirs")
    assert json.loads(inputs["document"])["Statement"] == [READ]
    assert stack.up("Policy", {"name": "theirs", "document": document(READ)}) == set()


def test_the_longest_policy_is_taken_and_one_byte_more_refused_before_any_call(stack):
    """The limit is the server's: one byte more is EntityTooLarge there."""

    def padded(length):
        text = document({**READ, "Resource": ["arn:aws:s3:::artifacts/"]})
        text = json.dumps(json.loads(text), separators=(",", ":"))
        return text.replace('artifacts/"', f'artifacts/{"p" * (length - len(text))}"')

    assert len(padded(20480)) == 20480
    spaced = json.dumps(json.loads(padded(20480)), indent=2)  # spaces are not sent
    stack.up("Policy", {"name": POLICY, "document": spaced})
    with pytest.raises(RefusedError, match="20481 bytes without spaces found, 20480 are accepted"):
        stack.check("Policy", {"name": POLICY, "document": padded(20481)})
    with pytest.raises(MinioAdminException, match="EntityTooLarge"):
        stack.provider._server.admin.policy_put(POLICY, padded(20481))


# --- users


def test_a_new_user_has_a_generated_secret_that_works(stack, server):
    secret = provision(stack, READ)
    assert len(secret) == 40
    assert secret.isalnum()
    assert reads(server, USER, secret) is True


def test_a_second_run_keeps_the_secret(stack, server):
    secret = provision(stack, READ)
    assert stack.up("User", {"name": USER}) == set()
    stack.refresh("User")
    assert stack.up("User", {"name": USER}) == set()
    assert stack.outputs("User")["secretKey"] == secret
    assert reads(server, USER, secret) is True


def test_a_user_is_disabled_and_enabled_and_keeps_its_secret(stack, server):
    secret = provision(stack, READ)
    assert stack.up("User", {"name": USER, "status": "disabled"}) == {"status"}
    assert reads(server, USER, secret) != True  # noqa: E712 - a code is truthy
    assert stack.outputs("User")["secretKey"] == secret
    assert stack.preview_update("User", {"name": USER})["secretKey"] == secret
    stack.up("User", {"name": USER})
    assert reads(server, USER, secret) is True


def test_a_user_can_begin_disabled(stack, server):
    stack.up("User", {"name": USER, "status": "disabled"})
    assert json.loads(server.admin().user_info(USER))["status"] == "disabled"


def test_a_user_disabled_by_hand_is_found_and_enabled(stack, server):
    stack.up("User", {"name": USER})
    server.admin().user_disable(USER)
    stack.refresh("User")
    assert stack.up("User", {"name": USER}) == {"status"}
    assert json.loads(server.admin().user_info(USER))["status"] == "enabled"


def test_a_user_removed_by_hand_is_found_gone_with_its_attachment(stack, server):
    provision(stack, READ)
    server.admin().user_remove(USER)
    assert not stack.refresh("Attachment")
    assert not stack.refresh("User")


@pytest.mark.parametrize("when", ["preview", "up"])
def test_a_foreign_user_is_refused_and_keeps_its_secret(stack, server, when):
    server.admin().user_add("theirs", "their-secret")
    server.admin().attach_policy(["readonly"], user="theirs")
    with pytest.raises(
        ProviderError, match=f"user theirs: exists and is not of this stack, .*{OWNER_ID}"
    ):
        getattr(stack, when)("User", {"name": "theirs"})
    assert reads(server, "theirs", "their-secret") is True


def test_our_own_half_made_user_gets_a_new_secret_and_loses_its_keys(stack, server):
    secret = provision(stack, READ)
    key = mint(server, USER, secret)
    again = Stack(server)
    again.preview("User", {"name": USER})
    again.up("User", {"name": USER})
    assert policies_of(server) == set()
    fresh = provision(again, READ)
    assert fresh != secret
    assert reads(server, USER, fresh) is True
    assert reads(server, USER, secret) == "SignatureDoesNotMatch"
    assert reads(server, *key) == "InvalidAccessKeyId"


def test_a_new_name_is_a_new_user(stack):
    stack.up("User", {"name": USER})
    diff = stack.diff("User", {"name": USER.replace(".1.", ".2.")})
    assert diff.replaces == ["name"]


def test_what_a_user_minted_goes_with_it(stack, server):
    secret = provision(stack, READ)
    key = mint(server, USER, secret)
    assert reads(server, *key) is True
    stack.destroy("User")
    assert reads(server, *key) == "InvalidAccessKeyId"
    provision(Stack(server), READ)
    assert reads(server, *key) == "InvalidAccessKeyId"


def test_a_session_does_not_revive_with_a_user_of_the_same_name(stack, server):
    """On the server alone it does: a session of up to a year is bound to the name."""
    secret = provision(stack, READ)
    opened = session(server, USER, secret, duration_seconds=365 * 86400)
    assert reads(server, *opened) is True
    stack.destroy("User")
    provision(Stack(server), READ)
    assert reads(server, *opened) == "InvalidAccessKeyId"


def test_a_session_of_a_user_removed_by_hand_does_not_revive_either(stack, server):
    secret = provision(stack, READ)
    opened = session(server, USER, secret)
    server.admin().user_remove(USER)
    server.admin().user_add(USER, "by-hand-again")
    server.admin().attach_policy([POLICY], user=USER)
    assert reads(server, *opened) is True  # what the server does
    server.admin().user_remove(USER)
    provision(Stack(server), READ)
    assert reads(server, *opened) == "InvalidAccessKeyId"


def test_deleting_a_user_that_is_gone_is_fine(stack, server):
    stack.up("User", {"name": USER})
    server.admin().user_remove(USER)
    stack.destroy("User")


def test_an_imported_user_has_no_known_secret_and_is_not_changed(stack, server):
    server.admin().user_add("theirs", "their-secret")
    server.admin().attach_policy(["readonly"], user="theirs")
    assert stack.take("User", "theirs") == {"name": "theirs", "status": "enabled"}
    assert stack.outputs("User")["secretKey"] == ""
    assert stack.up("User", {"name": "theirs"}) == set()
    assert reads(server, "theirs", "their-secret") is True


def test_the_admins_own_name_is_refused(stack):
    with pytest.raises(RefusedError, match="is the admin's own"):
        stack.check("User", {"name": ROOT_USER})


def test_the_longest_name_of_a_user_can_have_policies_and_a_longer_one_cannot(stack, server):
    stack.up("Policy", {"name": POLICY, "document": document(READ)})
    assert len(LONGEST) == 250
    stack.up("User", {"name": LONGEST})
    stack.up("Attachment", {"user": LONGEST, "policies": [POLICY]})
    with pytest.raises(RefusedError, match=r"\(251 characters\) found, 3 to 250 characters"):
        stack.check("User", {"name": LONGEST + "u"})
    server.admin().user_add(LONGEST + "u", "long-enough")
    with pytest.raises(MinioAdminException, match="XMinioInvalidObjectName"):
        server.admin().attach_policy([POLICY], user=LONGEST + "u")


# --- attachments


@pytest.fixture
def two_policies(stack):
    secret = provision(stack, READ)
    other = f"more.{OWNER_ID}"
    stack.up("Policy", {"name": other, "document": document(LIST)}, name="more")
    return secret, [POLICY, other]


def test_policies_are_attached_and_detached_as_a_set(stack, server, two_policies):
    _, both = two_policies
    assert stack.up("Attachment", {"user": USER, "policies": both}) == {"policies"}
    assert policies_of(server) == set(both)
    reordered = {"user": USER, "policies": [both[1], both[0], both[1]]}
    assert stack.up("Attachment", reordered) == set()
    assert stack.up("Attachment", {"user": USER, "policies": both[1:]}) == {"policies"}
    assert policies_of(server) == {both[1]}


def test_a_policy_detached_by_hand_is_found_and_attached(stack, server, two_policies):
    del two_policies
    server.admin().detach_policy([POLICY], user=USER)
    assert stack.refresh("Attachment")
    assert stack.up("Attachment", {"user": USER, "policies": [POLICY]}) == {"policies"}
    assert policies_of(server) == {POLICY}


def test_a_policy_attached_by_hand_is_found_and_detached(stack, server, two_policies):
    del two_policies
    server.admin().attach_policy(["readwrite"], user=USER)
    stack.refresh("Attachment")
    assert stack.up("Attachment", {"user": USER, "policies": [POLICY]}) == {"policies"}
    assert policies_of(server) == {POLICY}


def test_attaching_what_is_attached_is_fine(stack, server):
    provision(stack, READ)
    Stack(server).up("Attachment", {"user": USER, "policies": [POLICY]})
    assert policies_of(server) == {POLICY}


def test_another_user_is_another_attachment(stack, two_policies):
    del two_policies
    other = {"user": f"other.{OWNER_ID}", "policies": [POLICY]}
    assert stack.diff("Attachment", other).replaces == ["user"]


def test_deleting_an_attachment_detaches_its_policies_alone(stack, server, two_policies):
    del two_policies
    server.admin().attach_policy(["readwrite"], user=USER)
    stack.destroy("Attachment")
    assert policies_of(server) == {"readwrite"}


def test_deleting_an_attachment_of_a_gone_user_is_fine(stack):
    provision(stack, READ)
    stack.destroy("User")
    stack.destroy("Attachment")


def test_a_missing_user_or_policy_is_one_line(stack, server):
    with pytest.raises(ProviderError, match=f"attachment {USER}: there is no such user, "):
        stack.up("Attachment", {"user": USER, "policies": [POLICY]})
    stack.up("User", {"name": USER})
    with pytest.raises(ProviderError) as refused:
        stack.up("Attachment", {"user": USER, "policies": [POLICY]})
    assert str(refused.value) == (
        f"minio {server.endpoint} attachment {USER}: refused by the server "
        "(XMinioAdminNoSuchPolicy), The canned policy does not exist. (Specified canned policy "
        "does not exist)"
    )


def test_a_foreign_user_keeps_its_policies(stack, server):
    server.admin().user_add("theirs", "their-secret")
    with pytest.raises(RefusedError, match="user: is not of this stack"):
        stack.check("Attachment", {"user": "theirs", "policies": ["readonly"]})


def test_an_attachment_is_imported_by_its_user(stack, server):
    provision(stack, READ)
    again = Stack(server)
    assert again.take("Attachment", USER) == {"user": USER, "policies": [POLICY]}
    assert again.up("Attachment", {"user": USER, "policies": [POLICY]}) == set()


# --- what a user may do unasked


def test_without_the_deny_a_reader_mints_keys_and_changes_its_secret(stack, server):
    """The danger itself: the day this fails, the Deny may go."""
    secret = provision(stack, READ)
    assert reads(server, *mint(server, USER, secret)) is True
    opened = session(server, USER, secret)
    assert reads(server, *mint(server, *opened)) is True
    assert refused_by_server(lambda: server.admin(USER, secret).user_add(USER, "mine-now")) is None
    assert reads(server, USER, "mine-now") is True


@pytest.mark.parametrize(
    "actions", [["admin:*"], ["admin:CreateServiceAccount", "admin:CreateUser"]], ids=["all", "two"]
)
def test_the_deny_blocks_minting_and_changing_the_secret(stack, server, actions):
    secret = provision(stack, READ, {"Effect": "Deny", "Action": actions})
    wide = {"Version": "2012-10-17", "Statement": [{**READ, "Action": ["s3:*"]}]}
    narrow = session(server, USER, secret, policy=json.dumps(wide))
    for keys in ((USER, secret), session(server, USER, secret), narrow):
        assert reads(server, *keys) is True
        admin = server.admin(*keys)
        assert refused_by_server(admin.add_service_account) == "AccessDenied"
        minting = refused_by_server(lambda admin=admin: admin.add_service_account(policy=wide))
        assert minting == "AccessDenied"
        changing = refused_by_server(lambda admin=admin: admin.user_add(USER, "mine-now"))
        assert changing in ("AccessDenied", "XMinioInvalidIAMCredentials")
    assert reads(server, USER, secret) is True


def test_only_the_whole_deny_holds_beside_a_policy_attached_by_hand(stack, server):
    secret = provision(stack, READ, NO_ADMIN)
    server.admin().attach_policy(["consoleAdmin"], user=USER)
    admin = server.admin(USER, secret)
    for call in (admin.info, admin.user_list, admin.add_service_account):
        assert refused_by_server(call) == "AccessDenied"


def test_a_key_minted_before_the_deny_mints_no_more(stack, server):
    secret = provision(stack, READ)
    key = mint(server, USER, secret)
    stack.up("Policy", {"name": POLICY, "document": document(READ, NO_ADMIN)})
    assert reads(server, *key) is True
    assert refused_by_server(server.admin(*key).add_service_account) == "AccessDenied"
