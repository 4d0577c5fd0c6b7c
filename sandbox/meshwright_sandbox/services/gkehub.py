"""GKE Hub: fleets, memberships, and features such as the managed service mesh."""

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.services import locations
from meshwright_sandbox.services.hub import (
    features,
    fleets,
    membership_features,
    memberships,
    mesh,
    roles,
    scopes,
)
from meshwright_sandbox.services.hub.names import FEATURES, FLEETS, HUB, MEMBERSHIPS, NAMESPACES

_ID = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"

SERVICE = Service(
    name=HUB,
    versions={
        "v1": "gkehub.v1",
        "v1beta": "gkehub.v1beta",
        "v1beta1": "gkehub.v1beta1",
        "v1alpha": "gkehub.v1alpha",
        "v2": "gkehub.v2",
    },
    proto="google.cloud.gkehub",
    must_be_enabled=True,
    id_pattern=_ID,
    not_found="Resource '{}' was not found".format,
    already_exists="Resource '{}' already exists".format,
    collections=(
        Collection(
            FLEETS,
            blockers=fleets.members,
        ),
        Collection(
            MEMBERSHIPS,
            defaults=memberships.complete,
            check=memberships.check,
            blockers=memberships.delete_check,
            create_work=memberships.joined,
            delete_work=memberships.released,
            on_failed=mesh.failed,
            view=memberships.view,
        ),
        Collection(
            FEATURES,
            defaults=features.complete,
            check=features.check,
            view=features.view,
            create_work=roles.feature_changed,
            update_work=roles.feature_changed,
            delete_work=features.stop,
            merge_maps=True,
        ),
        Collection(NAMESPACES, defaults=scopes.complete),
    ),
    works={"mesh": mesh.work},
    methods=locations.methods("global")
    | {
        f"{FEATURES}.create": features.create,
        f"{FEATURES}.patch": features.patch,
        f"{FLEETS}.create": fleets.create,
        # Permissions are not evaluated: everybody may see every scope.
        "projects.locations.scopes.listPermitted": listing.list_,
        f"{membership_features.TYPE}.create": membership_features.patch,
        f"{membership_features.TYPE}.delete": membership_features.delete,
        f"{membership_features.TYPE}.get": membership_features.get,
        f"{membership_features.TYPE}.list": membership_features.list_,
        f"{membership_features.TYPE}.patch": membership_features.patch,
    },
)
