"""A workload that holds every rule, in each kind of object that makes pods."""

POD: dict = {
    "serviceAccountName": "checkout",
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "checkout",
            "image": "europe-docker.pkg.dev/acme/shop/checkout:1.4.2",
            "env": [{"name": "LOG_LEVEL", "value": "info"}],
            "ports": [{"containerPort": 8080}],
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
    "volumes": [{"name": "cache", "emptyDir": {}}],
}
METADATA: dict = {"name": "checkout", "namespace": "shop"}


def pod(spec: dict = POD) -> dict:
    return {"metadata": dict(METADATA), "spec": spec}


def template(spec: dict = POD) -> dict:
    """What most workloads are: a template in a spec."""
    inner = {"metadata": {}, "spec": spec}
    return {"metadata": dict(METADATA), "spec": {"template": inner}}


def cron_job(spec: dict = POD) -> dict:
    return {"metadata": dict(METADATA), "spec": {"jobTemplate": template(spec)}}


def pod_template(spec: dict = POD) -> dict:
    return {"metadata": dict(METADATA), "template": pod(spec)}


DEPLOYMENT = "kubernetes:apps/v1:Deployment"
KINDS = {
    "kubernetes:core/v1:Pod": (pod, "spec."),
    "kubernetes:core/v1:PodTemplate": (pod_template, "template.spec."),
    "kubernetes:core/v1:ReplicationController": (template, "spec.template.spec."),
    DEPLOYMENT: (template, "spec.template.spec."),
    "kubernetes:extensions/v1beta1:Deployment": (template, "spec.template.spec."),
    "kubernetes:apps/v1:StatefulSet": (template, "spec.template.spec."),
    "kubernetes:apps/v1:DaemonSet": (template, "spec.template.spec."),
    "kubernetes:apps/v1:ReplicaSet": (template, "spec.template.spec."),
    "kubernetes:batch/v1:Job": (template, "spec.template.spec."),
    "kubernetes:batch/v1:CronJob": (cron_job, "spec.jobTemplate.spec.template.spec."),
    "kubernetes:batch/v1beta1:CronJob": (cron_job, "spec.jobTemplate.spec.template.spec."),
}
