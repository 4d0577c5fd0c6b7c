"""K8S-06 and K8S-07: the identity that workloads have, and where their images come from."""

import pytest

from meshwright_policies.kubernetes_identity import own_identity
from meshwright_policies.kubernetes_images import allowed_registries
from meshwright_policies.rule import Settings
from meshwright_policies.values import UNKNOWN, SecretText
from tests.policies.resources import changed, findings, made, not_known, places, violations, where
from tests.policies.workloads import DEPLOYMENT, KINDS, POD, template


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_with_an_identity_of_its_own_holds_in_every_kind(kind: str) -> None:
    make, _ = KINDS[kind]

    assert findings(own_identity, made(kind, make())) == []


SPEC = "spec.template.spec"
TOKEN = "automountServiceAccountToken"  # a property's name
BY_KEY = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"serviceAccountName": None}, ["serviceAccountName"]),
        ({"serviceAccountName": "default"}, ["serviceAccountName"]),
        ({TOKEN: True}, [TOKEN]),
        ({"serviceAccountName": None, TOKEN: None}, ["serviceAccountName", TOKEN]),
        (
            {"containers.0.env": [{"name": "A", "value": "b"}, BY_KEY]},
            ["containers[0].env[1].valueFrom.secretKeyRef"],
        ),
        (
            {"containers.0.env": [{"name": "A", "value": SecretText("b")}]},
            ["containers[0].env[0].value"],
        ),
        (
            {
                "containers.0.envFrom": [
                    {"configMapRef": {"name": "c"}},
                    {"secretRef": {"name": "d"}},
                ]
            },
            ["containers[0].envFrom[1].secretRef"],
        ),
    ],
)
def test_shared_identities_and_secrets_in_environments_are_found(
    changes: dict, expected: list[str]
) -> None:
    spec = POD
    for path, value in changes.items():
        spec = changed(spec, path, value)

    found = violations(own_identity, made(DEPLOYMENT, template(spec)))

    assert where(found) == [f"{SPEC}.{place}" for place in expected]
    assert all(item.what and item.mend for item in found)


def test_a_pod_that_leaves_the_token_to_its_account_is_judged_by_the_account() -> None:
    account = "kubernetes:core/v1:ServiceAccount"

    assert places(own_identity, DEPLOYMENT, template(changed(POD, TOKEN, None))) == []
    assert places(own_identity, account, {TOKEN: False}) == []
    assert places(own_identity, account, {"metadata": {"name": "checkout"}}) == [TOKEN]


@pytest.mark.parametrize("name", [None, "default"])
def test_workloads_in_the_default_namespace_are_found(name: str | None) -> None:
    properties = changed(template(), "metadata.namespace", name)

    assert places(own_identity, DEPLOYMENT, properties) == ["metadata.namespace"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("metadata.namespace", "metadata.namespace"),
        (f"{SPEC}.serviceAccountName", f"{SPEC}.serviceAccountName"),
        (f"{SPEC}.{TOKEN}", f"{SPEC}.{TOKEN}"),
        (f"{SPEC}.containers", f"{SPEC}.containers"),
        (f"{SPEC}.containers.0.env", f"{SPEC}.containers[0].env"),
        (f"{SPEC}.containers.0.envFrom", f"{SPEC}.containers[0].envFrom"),
        (f"{SPEC}.containers.0.env.0", f"{SPEC}.containers[0].env[0].valueFrom"),
    ],
)
def test_an_identity_that_is_not_known_yet_is_said(path: str, place: str) -> None:
    properties = changed(template(), path, UNKNOWN)

    assert not_known(own_identity, DEPLOYMENT, properties) == [place]
    assert places(own_identity, DEPLOYMENT, properties) == []


def test_a_patch_is_judged_by_the_identity_that_it_gives() -> None:
    secret = [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}]
    containers = [{"name": "checkout", "env": secret}]
    shared = {"serviceAccountName": "default", TOKEN: True, "containers": containers}
    account = "kubernetes:core/v1:ServiceAccountPatch"

    found = places(own_identity, f"{DEPLOYMENT}Patch", template(shared))

    assert found == [
        f"{SPEC}.serviceAccountName",
        f"{SPEC}.{TOKEN}",
        f"{SPEC}.containers[0].env[0].valueFrom.secretKeyRef",
    ]
    assert places(own_identity, account, {TOKEN: True}) == [TOKEN]


def test_a_patch_may_leave_an_identity_out() -> None:
    replicas = {"metadata": {"name": "checkout"}, "spec": {"replicas": 3}}

    assert places(own_identity, f"{DEPLOYMENT}Patch", replicas) == []
    assert places(own_identity, "kubernetes:core/v1:ServiceAccountPatch", {}) == []


REGISTRIES = Settings(allowed_registries=("europe-docker.pkg.dev/acme/", "docker.io/istio"))
IMAGE = f"{SPEC}.containers[0].image"


def with_image(image: object) -> dict:
    return template(changed(POD, "containers.0.image", image))


@pytest.mark.parametrize(
    "image",
    [
        "europe-docker.pkg.dev/acme/shop/checkout:1.4.2",
        "europe-docker.pkg.dev/acme/checkout@sha256:0",
        "docker.io/istio/proxyv2:1.31.1",
        "istio/proxyv2:1.31.1",
    ],
)
def test_images_from_allowed_registries_hold(image: str) -> None:
    assert places(allowed_registries, DEPLOYMENT, with_image(image), settings=REGISTRIES) == []


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "docker.io/library/nginx:1.29",
        "quay.io/istio/proxyv2",
        "europe-docker.pkg.dev/acme-evil/checkout",
        "evil.example/europe-docker.pkg.dev/acme/checkout",
        "localhost:5000/europe-docker.pkg.dev/acme/checkout",
    ],
)
def test_images_from_elsewhere_are_found(image: str) -> None:
    resource = made(DEPLOYMENT, with_image(image))

    (found,) = violations(allowed_registries, resource, settings=REGISTRIES)

    assert found.where == IMAGE
    assert repr(image) in found.what
    assert "europe-docker.pkg.dev/acme/" in found.mend
    assert violations(allowed_registries, resource) == [], (
        "nothing is allowed or refused by default"
    )


def test_image_volumes_and_cloud_run_have_images_too() -> None:
    volumes = {"volumes": [{"name": "model", "image": {"reference": "quay.io/x/model"}}]}
    service = {"template": {"containers": [{"image": "nginx"}]}}

    def found(type_: str, properties: dict) -> list[str]:
        return places(allowed_registries, type_, properties, settings=REGISTRIES)

    assert found(DEPLOYMENT, template(POD | volumes)) == [f"{SPEC}.volumes[0].image.reference"]
    assert found("gcp:cloudrunv2/service:Service", service) == ["template.containers[0].image"]
    assert found("gcp:cloudrunv2/job:Job", {"template": service}) == [
        "template.template.containers[0].image"
    ]
    older = {"template": {"spec": service["template"]}}
    assert found("gcp:cloudrun/service:Service", older) == ["template.spec.containers[0].image"]


@pytest.mark.parametrize("rest", ["", ":1", "@sha256:0"])
def test_a_single_image_can_be_allowed_in_each_of_its_versions(rest: str) -> None:
    settings = Settings(allowed_registries=("quay.io/acme/checkout",))
    image, other = f"quay.io/acme/checkout{rest}", f"quay.io/acme/checkout-evil{rest}"

    assert places(allowed_registries, DEPLOYMENT, with_image(image), settings=settings) == []
    assert places(allowed_registries, DEPLOYMENT, with_image(other), settings=settings) == [IMAGE]


def test_a_service_whose_containers_are_not_known_yet_is_said() -> None:
    service, properties = "gcp:cloudrunv2/service:Service", {"template": UNKNOWN}

    found = not_known(allowed_registries, service, properties, settings=REGISTRIES)

    assert found == ["template.containers"]


def test_a_gateways_image_is_the_meshs_own() -> None:
    gateway, other = with_image("auto"), with_image("auto")
    annotations = {"inject.istio.io/templates": "gateway"}
    gateway["spec"]["template"]["metadata"] = {"annotations": annotations}

    assert places(allowed_registries, DEPLOYMENT, gateway, settings=REGISTRIES) == []
    assert places(allowed_registries, DEPLOYMENT, other, settings=REGISTRIES) == [IMAGE]


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        (with_image(UNKNOWN), IMAGE),
        (template(POD | {"containers": UNKNOWN}), f"{SPEC}.containers"),
        ({"spec": UNKNOWN}, f"{SPEC}"),
    ],
)
def test_images_that_are_not_known_yet_are_said(properties: dict, place: str) -> None:
    assert not_known(allowed_registries, DEPLOYMENT, properties, settings=REGISTRIES) == [place]
    assert places(allowed_registries, DEPLOYMENT, properties, settings=REGISTRIES) == []
