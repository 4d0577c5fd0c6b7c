"""SEC-02: rights on Google Cloud go to named principals, by narrow roles, without keys."""

import json

import pytest

from meshwright_policies.iam import named_principals
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import findings, made, not_known, places, violations

PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
PROJECT_BINDING = "gcp:projects/iAMBinding:IAMBinding"
BUCKET_POLICY = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"
DATASET = "gcp:bigquery/dataset:Dataset"
ACCOUNT = "serviceAccount:checkout@acme.iam.gserviceaccount.com"


def policy(*bindings: dict) -> dict:
    return {"policyData": json.dumps({"bindings": bindings})}


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (PROJECT_MEMBER, {"role": "roles/logging.logWriter", "member": ACCOUNT}),
        (PROJECT_BINDING, {"role": "roles/run.invoker", "members": [ACCOUNT]}),
        (BUCKET_POLICY, policy({"role": "roles/storage.objectViewer", "members": [ACCOUNT]})),
        (BUCKET_POLICY, {"policyData": "not JSON"}),
        (PROJECT_MEMBER, {"role": "organizations/1/roles/editor", "member": ACCOUNT}),
        ("gcp:cloudrunv2/service:Service", {"invokerIamDisabled": False}),
        (DATASET, {"accesses": [{"role": "READER", "specialGroup": "projectReaders"}]}),
        ("gcp:storage/bucketACL:BucketACL", {"roleEntities": ["READER:user-a@example.com"]}),
        ("gcp:projects/iAMCustomRole:IAMCustomRole", {"permissions": ["run.services.get"]}),
    ],
)
def test_rights_for_named_principals_hold(type_: str, properties: dict) -> None:
    assert findings(named_principals, made(type_, properties)) == []


# A member of each family of types, and of each way to spell IAM.
@pytest.mark.parametrize(
    "type_",
    [
        PROJECT_MEMBER,
        "gcp:organizations/iAMMember:IAMMember",
        "gcp:folder/iAMMember:IAMMember",
        "gcp:serviceaccount/iAMMember:IAMMember",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        "gcp:cloudrun/iamMember:IamMember",
        "gcp:bigquery/datasetIamMember:DatasetIamMember",
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        "gcp:secretmanager/secretIamMember:SecretIamMember",
        "gcp:iap/webBackendServiceIamMember:WebBackendServiceIamMember",
    ],
)
@pytest.mark.parametrize("everybody", ["allUsers", "allAuthenticatedUsers"])
def test_a_grant_to_everybody_is_found_in_every_service(type_: str, everybody: str) -> None:
    properties = {"role": "roles/viewer", "member": everybody}

    (found,) = violations(named_principals, made(type_, properties))

    assert found.where == "member"
    assert everybody in found.what
    assert "roles/viewer" in found.what
    assert found.mend


@pytest.mark.parametrize(
    ("type_", "properties", "where", "what"),
    [
        (PROJECT_MEMBER, {"role": "roles/owner", "member": ACCOUNT}, "role", "roles/owner"),
        (PROJECT_BINDING, {"role": "roles/editor", "members": [ACCOUNT]}, "role", "roles/editor"),
        (
            PROJECT_BINDING,
            {"role": "roles/run.invoker", "members": [ACCOUNT, "allUsers"]},
            "members[1]",
            "allUsers",
        ),
        (
            BUCKET_POLICY,
            policy(
                {"role": "roles/storage.admin", "members": [ACCOUNT]},
                {"role": "roles/storage.objectViewer", "members": ["allUsers"]},
            ),
            "policyData.bindings[1].members[0]",
            "allUsers",
        ),
        (
            "gcp:projects/iAMPolicy:IAMPolicy",
            policy({"role": "roles/owner", "members": [ACCOUNT]}),
            "policyData.bindings[0].role",
            "roles/owner",
        ),
        ("gcp:serviceaccount/key:Key", {"serviceAccountId": "a"}, "serviceAccountId", "a key"),
        (
            "gcp:storage/hmacKey:HmacKey",
            {"serviceAccountEmail": "a@b"},
            "serviceAccountEmail",
            "HMAC key",
        ),
        (
            "gcp:storage/defaultObjectACL:DefaultObjectACL",
            {"roleEntities": ["OWNER:user-a@example.com", "READER:allUsers"]},
            "roleEntities[1]",
            "allUsers",
        ),
        (
            "gcp:storage/bucketACL:BucketACL",
            {"predefinedAcl": "publicRead"},
            "predefinedAcl",
            "world",
        ),
        (
            "gcp:storage/objectACL:ObjectACL",
            {"predefinedAcl": "authenticatedRead"},
            "predefinedAcl",
            "world",
        ),
        (
            "gcp:storage/bucketAccessControl:BucketAccessControl",
            {"entity": "allAuthenticatedUsers", "role": "READER"},
            "entity",
            "READER",
        ),
        (
            DATASET,
            {"accesses": [{"role": "OWNER"}, {"role": "READER", "iamMember": "allUsers"}]},
            "accesses[1].iamMember",
            "READER",
        ),
        (
            "gcp:bigquery/datasetAccess:DatasetAccess",
            {"role": "READER", "specialGroup": "allAuthenticatedUsers"},
            "specialGroup",
            "allAuthenticatedUsers",
        ),
        (
            "gcp:cloudrunv2/service:Service",
            {"invokerIamDisabled": True},
            "invokerIamDisabled",
            "everybody",
        ),
    ],
)
def test_rights_that_nobody_meant_are_found_at_their_place(
    type_: str, properties: dict, where: str, what: str
) -> None:
    (found,) = violations(named_principals, made(type_, properties))

    assert found.where == where
    assert what in found.what
    assert found.mend


def test_each_thing_that_is_wrong_with_a_grant_is_said() -> None:
    properties = {"role": "roles/editor", "members": ["allUsers", "allAuthenticatedUsers"]}

    assert places(named_principals, PROJECT_BINDING, properties) == [
        "role",
        "members[0]",
        "members[1]",
    ]


@pytest.mark.parametrize(
    ("type_", "properties", "where"),
    [
        (PROJECT_MEMBER, {"role": "roles/viewer", "member": UNKNOWN}, "member"),
        (PROJECT_MEMBER, {"role": UNKNOWN, "member": ACCOUNT}, "role"),
        (PROJECT_BINDING, {"role": "roles/viewer", "members": UNKNOWN}, "members"),
        (PROJECT_BINDING, {"role": "roles/viewer", "members": [ACCOUNT, UNKNOWN]}, "members[1]"),
        (BUCKET_POLICY, {"policyData": UNKNOWN}, "policyData"),
        (DATASET, {"accesses": UNKNOWN}, "accesses"),
        (DATASET, {"accesses": [{"iamMember": UNKNOWN}]}, "accesses[0].iamMember"),
        ("gcp:storage/bucketACL:BucketACL", {"roleEntities": UNKNOWN}, "roleEntities"),
        ("gcp:storage/bucketACL:BucketACL", {"predefinedAcl": UNKNOWN}, "predefinedAcl"),
        (
            "gcp:cloudrunv2/workerPool:WorkerPool",
            {"invokerIamDisabled": UNKNOWN},
            "invokerIamDisabled",
        ),
        ("gcp:storage/bucketACL:BucketACL", {"roleEntities": [UNKNOWN]}, "roleEntities[0]"),
        ("gcp:storage/objectAccessControl:ObjectAccessControl", {"entity": UNKNOWN}, "entity"),
        ("gcp:cloudrunv2/service:Service", {"invokerIamDisabled": UNKNOWN}, "invokerIamDisabled"),
    ],
)
def test_rights_that_are_not_known_yet_are_said(type_: str, properties: dict, where: str) -> None:
    assert not_known(named_principals, type_, properties) == [where]
    assert places(named_principals, type_, properties) == []


def test_what_is_known_beside_an_unknown_member_is_still_judged() -> None:
    properties = {"role": "roles/owner", "members": [UNKNOWN, "allUsers"]}

    assert places(named_principals, PROJECT_BINDING, properties) == ["role", "members[1]"]
    assert not_known(named_principals, PROJECT_BINDING, properties) == ["members[0]"]
