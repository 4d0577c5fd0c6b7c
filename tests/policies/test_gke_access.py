"""GKE-06, 07, 17: who is let in by which credential, and with which rights."""

import pytest

from meshwright_policies.gke_access import named_subjects, no_legacy_abac, no_static_credentials
from meshwright_policies.rule import CLUSTER, Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import STANDARD, assert_found, only, remedied
from tests.policies.resources import changed, not_known, places

BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
KINDS = ("ClusterRoleBinding", "RoleBinding", "ClusterRoleBindingPatch", "RoleBindingPatch")
CERTIFICATE = "masterAuth.clientCertificateConfig.issueClientCertificate"
GROUP = "authenticatorGroupsConfig.securityGroup"
EVERYBODY = "rbacBindingConfig.enableInsecureBindingSystem"


def binding(*names: object, role: object = "view") -> dict:
    subjects = [{"kind": "Group", "name": name} for name in names]
    return {"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects}


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where", "what", "mend"),
    [
        (
            no_legacy_abac,
            CLUSTER,
            STANDARD | {"enableLegacyAbac": True},
            "enableLegacyAbac",
            "is true",
            "Set it to false",
        ),
        (
            no_static_credentials,
            CLUSTER,
            changed(STANDARD, CERTIFICATE, True),
            CERTIFICATE,
            "is true",
            "Set it to false",
        ),
        (
            named_subjects,
            CLUSTER,
            changed(STANDARD, "authenticatorGroupsConfig", None),
            GROUP,
            "is not set",
            "gke-security-groups@",
        ),
        (
            named_subjects,
            CLUSTER,
            changed(STANDARD, f"{EVERYBODY}Unauthenticated", True),
            f"{EVERYBODY}Unauthenticated",
            "is true",
            "Set it to false",
        ),
        (
            named_subjects,
            CLUSTER,
            changed(STANDARD, f"{EVERYBODY}Authenticated", True),
            f"{EVERYBODY}Authenticated",
            "is true",
            "Set it to false",
        ),
        (
            named_subjects,
            BINDING,
            binding("team@acme.example", "system:anonymous"),
            "subjects[1].name",
            "is 'system:anonymous', so anybody at all has the role view",
            "Name a group",
        ),
        (
            named_subjects,
            BINDING,
            binding("system:authenticated"),
            "subjects[0].name",
            "anybody with a Google account has the role view",
            "Name a group",
        ),
        (
            named_subjects,
            BINDING,
            binding("system:anonymous", role="system:discovery"),
            "subjects[0].name",
            "anybody at all has the role system:discovery",
            "Name a group",
        ),
        (
            named_subjects,
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBindingList",
            {"items": [binding("a@acme.example"), binding("system:unauthenticated")]},
            "items[1].subjects[0].name",
            "anybody at all",
            "Name a group",
        ),
    ],
)
def test_an_open_door_is_found_at_its_place(
    rule: Rule, type_: str, properties: dict, where: str, what: str, mend: str
) -> None:
    assert_found(only(rule, type_, properties), where, what, mend)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_binding_is_looked_at(kind: str, version: str) -> None:
    type_ = f"kubernetes:rbac.authorization.k8s.io/{version}:{kind}"

    assert places(named_subjects, type_, binding("system:unauthenticated")) == ["subjects[0].name"]


def test_a_password_is_found_and_not_repeated() -> None:
    with_password = STANDARD | {"masterAuth": {"username": "admin", "password": "hunter2-hunter2"}}

    found = only(no_static_credentials, CLUSTER, changed(with_password, "masterAuth.username", ""))

    assert found.where == "masterAuth.password"
    assert "hunter2" not in f"{found.what} {found.mend}"
    assert places(no_static_credentials, CLUSTER, with_password) == [
        "masterAuth.username",
        "masterAuth.password",
    ]


@pytest.mark.parametrize(
    ("rule", "type_", "properties"),
    [
        (no_legacy_abac, CLUSTER, {}),
        (no_static_credentials, CLUSTER, {"masterAuth": {"clientCertificateConfig": {}}}),
        (named_subjects, CLUSTER, changed(STANDARD, "rbacBindingConfig", None)),
        (named_subjects, BINDING, binding("gke-admins@acme.example")),
        (named_subjects, BINDING, binding("system:unauthenticated", role="system:discovery")),
        (named_subjects, BINDING, binding("system:authenticated", role="system:basic-user")),
        (named_subjects, BINDING, {"roleRef": {"name": "view"}}),
    ],
)
def test_what_is_the_default_or_names_somebody_holds(
    rule: Rule, type_: str, properties: dict
) -> None:
    assert places(rule, type_, properties) == []


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where"),
    [
        (
            no_legacy_abac,
            CLUSTER,
            STANDARD | {"enableLegacyAbac": UNKNOWN},
            ["enableLegacyAbac"],
        ),
        (
            no_static_credentials,
            CLUSTER,
            STANDARD | {"masterAuth": UNKNOWN},
            [CERTIFICATE],
        ),
        (named_subjects, CLUSTER, changed(STANDARD, GROUP, UNKNOWN), [GROUP]),
        (named_subjects, BINDING, binding(UNKNOWN), ["subjects[0].name"]),
        (named_subjects, BINDING, {"subjects": UNKNOWN}, ["subjects"]),
        (named_subjects, BINDING, {"items": UNKNOWN}, ["items"]),
        (
            named_subjects,
            BINDING,
            binding("system:authenticated", role=UNKNOWN),
            ["roleRef.name"],
        ),
    ],
)
def test_what_is_not_known_yet_is_named_and_not_judged(
    rule: Rule, type_: str, properties: dict, where: list[str]
) -> None:
    assert not_known(rule, type_, properties) == where
    assert places(rule, type_, properties) == []


def test_an_unknown_subject_hides_no_stranger_beside_it() -> None:
    properties = binding(UNKNOWN, "system:anonymous", role=UNKNOWN)

    assert places(named_subjects, BINDING, properties) == ["subjects[1].name"]
    assert not_known(named_subjects, BINDING, properties) == ["subjects[0].name"]


def test_the_mend_of_a_client_certificate_leaves_passwords_to_their_owner() -> None:
    weak = {"masterAuth": {"username": "admin"} | {"clientCertificateConfig": {}}}

    assert remedied(no_static_credentials, CLUSTER, weak) is None
