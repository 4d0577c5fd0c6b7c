"""Wrong values of single fields: names, ranges, places, weights, keys and types."""

from tests.inputs.specs import DELETE, Case

CHECKOUT = "namespaces[1].services[0]"
WEIGHTS = f"{CHECKOUT}.route.weights"
SUBNET = "networks[0].subnets[0]"
POOL = "clusters[1].node_pools[0]"
SINK = "log_sinks[0].name"


def _name(id: str, value: object, rule: str, fix: str) -> Case:
    return Case(f"name-{id}", {SINK: value}, SINK, rule, fix)


NAMES = [
    _name("empty", "", "must not be empty", "give it a name"),
    _name("64-characters", "a" * 64, "at most 63 characters, this has 64", "shorten"),
    _name("upper-case", "Mesh-Access", "lower-case letters", "did you mean mesh-access?"),
    _name("underscore", "mesh_access", "lower-case letters", "did you mean mesh-access?"),
    _name("leading-digit", "1mesh", "start with a letter", "did you mean mesh?"),
    _name("trailing-dash", "mesh-", "not end with '-'", "did you mean mesh?"),
    _name("homoglyph", "m\u0435sh", "plain ASCII", "did you mean"),
    _name("space", "mesh access", "lower-case letters", "did you mean mesh-access?"),
    Case("cluster-41", {"clusters[0].name": "c" * 41}, "clusters[0].name", "at most 40", "shorten",
         ("namespaces[0].clusters[0]", "namespaces[1].clusters[0]")),
    Case("node-pool-41", {f"{POOL}.name": "p" * 41}, f"{POOL}.name", "at most 40", "shorten"),
    Case("project-31", {"project": "p" * 31}, "project", "6..30", "did you mean"),
    Case("project-5", {"project": "short"}, "project", "6..30", "use the id"),
    Case("project-upper-case", {"project": "Meshwright-Dev"}, "project", "6..30",
         "did you mean meshwright-dev?"),
    Case("service-account-overflows-composed", {"prefix": "development-europe"},
         "clusters[0].name", "service account is at most 30", "by 4", ("clusters[1].name",)),
    Case("cluster-overflows-composed", {"prefix": "d" * 35}, "clusters[0].name",
         "the cluster's name is at most 40", "by 5", ("clusters[1].name",)),
    Case("deployment-overflows-composed", {f"{CHECKOUT}.versions[0].name": "v" * 60,
                                           f"{WEIGHTS}[0].version": "v" * 60},
         f"{CHECKOUT}.versions[0].name", "the Deployment's name", "by 6"),
    Case("label-key", {"labels": {"Team Name": "shop"}}, "labels.Team Name", "label's key",
         "did you mean team-name?"),
    Case("label-value", {"labels": {"team": "Shop!"}}, "labels.team", "label's value",
         "did you mean shop?"),
    Case("host-star", {"gateways[0].hosts": ["*"]}, "gateways[0].hosts[0]", "'*' is every host",
         "shop.example.com", (f"{CHECKOUT}.route.hosts[0]",)),
    Case("host-upper-case", {"gateways[0].hosts": ["shop.example.com", "Api.example.com"]},
         "gateways[0].hosts[1]", "DNS name", "did you mean api.example.com?"),
    Case("reference-without-namespace", {"security.calls[0].to": "checkout"},
         "security.calls[0].to", "<namespace>/<name>", "shop/checkout",
         (f"{CHECKOUT}.route.gateway",)),
    Case("image-empty", {f"{CHECKOUT}.versions[0].image": ""}, f"{CHECKOUT}.versions[0].image",
         "container image", "europe-docker"),
]  # fmt: skip


def _range(id: str, value: object, rule: str, fix: str) -> Case:
    return Case(f"cidr-{id}", {f"{SUBNET}.cidr": value}, f"{SUBNET}.cidr", rule, fix)


CIDRS = [
    _range("host-bits", "10.0.0.1/22", "bits beyond the prefix", "did you mean 10.0.0.0/22?"),
    _range("prefix-33", "10.0.0.0/33", "0..32", "choose a length"),
    _range("ipv6", "fd00::/64", "this is IPv6", "10.0.0.0/16"),
    _range("words", "ten dot zero", "CIDR form", "10.0.0.0/16"),
    _range("netmask", "10.0.0.0/255.255.252.0", "CIDR form", "did you mean 10.0.0.0/22?"),
    _range("address-alone", "10.0.0.0", "CIDR form", "did you mean 10.0.0.0/32?"),
    _range("superscript", "10.0.0.0/³³", "CIDR form", "10.0.0.0/16"),
    _range("public", "8.8.8.0/24", "this range is public", "10.0.0.0/24"),
    _range("too-small-for-a-subnet", "10.0.0.0/30", "at least a /29", "/29"),
    _range("number", 10, "must be text", 'in quotes: "10"'),
]

PLACES = [
    Case("region-is-zone", {f"{SUBNET}.region": "europe-west1-b"}, f"{SUBNET}.region",
         "this is a zone", "did you mean europe-west1?"),
    Case("region-unknown", {f"{SUBNET}.region": "europe-west42"}, f"{SUBNET}.region",
         "region of Google Cloud", "did you mean europe-west4?"),
    Case("region-upper-case", {f"{SUBNET}.region": "EUROPE-WEST1"}, f"{SUBNET}.region",
         "region of Google Cloud", "did you mean europe-west1?"),
    Case("region-of-another-cloud", {f"{SUBNET}.region": "eu-central-1"}, f"{SUBNET}.region",
         "region of Google Cloud", "did you mean us-central1"),
    Case("zone-is-region", {"clusters[1].zones": ["europe-west4"]}, "clusters[1].zones[0]",
         "this is a region", "europe-west4-a"),
    Case("zone-unknown-letter", {"clusters[1].zones": ["europe-west4-z"]}, "clusters[1].zones[0]",
         "no such zone", "europe-west4-a"),
    Case("zone-outside-region", {"clusters[1].zones": ["europe-west1-b"]}, "clusters[1].zones[0]",
         "cluster's region europe-west4", "europe-west4-a"),
    Case("zones-twice", {"clusters[1].zones": ["europe-west4-a", "europe-west4-a"]},
         "clusters[1].zones[1]", "same zone twice", "remove one"),
    Case("cluster-and-subnet-apart", {"clusters[0].region": "europe-west4"}, "clusters[0].region",
         "region of its subnet autopilot, europe-west1", "write europe-west1"),
    Case("log-bucket-nowhere", {"log_sinks[0].log_bucket.location": "europe"},
         "log_sinks[0].log_bucket.location", "region", "did you mean"),
]  # fmt: skip


def _weight(id: str, value: object, rule: str, fix: str) -> Case:
    path = f"{WEIGHTS}[0].weight"
    return Case(f"weight-{id}", {path: value}, path, rule, fix)


WEIGHT_CASES = [
    Case("weights-99", {f"{WEIGHTS}[0].weight": 89}, WEIGHTS, "sum to 100, these to 99", "raise"),
    Case("weights-101", {f"{WEIGHTS}[0].weight": 91}, WEIGHTS, "these to 101 (91 + 10)", "by 1"),
    Case("weights-0", {f"{WEIGHTS}[0].weight": 0, f"{WEIGHTS}[1].weight": 0}, WEIGHTS,
         "these to 0", "by 100"),
    Case("weight-negative", {f"{WEIGHTS}[0].weight": -10, f"{WEIGHTS}[1].weight": 110},
         f"{WEIGHTS}[0].weight", "greater than or equal to 0", "0 to 100",
         (f"{WEIGHTS}[1].weight",)),
    Case("weight-above-100", {f"{WEIGHTS}[0].weight": 101, f"{WEIGHTS}[1].weight": 0},
         f"{WEIGHTS}[0].weight", "less than or equal to 100", "0 to 100", (WEIGHTS,)),
    _weight("float", 90.5, "must be a whole number", "whole number"),
    _weight("whole-float", 90.0, "must be a whole number", "write 90"),
    _weight("text", "90", "must be a whole number", "write 90, without quotes"),
    _weight("bool", True, "must be a whole number", "whole number"),
    _weight("nan", float("nan"), "must be a whole number", "whole number"),
    _weight("infinite", float("inf"), "must be a whole number", "whole number"),
    _weight("null", None, "must be a whole number", "remove the key"),
    Case("weight-of-unknown-version", {f"{WEIGHTS}[1].version": "v3"}, f"{WEIGHTS}[1].version",
         "version of checkout", "v1, v2"),
    Case("weight-twice", {f"{WEIGHTS}[1].version": "v1"}, f"{WEIGHTS}[1].version",
         "has a weight already", "one weight a version"),
    Case("weights-missing", {WEIGHTS: DELETE}, WEIGHTS, "this has neither", "add it"),
    Case("weights-empty", {WEIGHTS: []}, WEIGHTS, "weights or active", "add it"),
]  # fmt: skip

KEYS = [
    Case("key-unknown", {"frobnicate": 1}, "frobnicate", "not a key", "known are: project"),
    Case("key-misspelt", {"clusters[0].relase_channel": "RAPID"}, "clusters[0].relase_channel",
         "not a key", "did you mean release_channel?"),
    Case("key-misspelt-and-so-missing", {"project": DELETE, "projct": "meshwright-dev"}, "projct",
         "not a key", "did you mean project?"),
    Case("key-wrong-case", {"Telemetry": {}}, "Telemetry", "not a key", "did you mean telemetry?"),
    Case("key-camel-case", {f"{SUBNET}.podCidr": "10.18.0.0/16"}, f"{SUBNET}.podCidr", "not a key",
         "did you mean pod_cidr?"),
    Case("key-missing", {f"{SUBNET}.region": DELETE}, f"{SUBNET}.region", "is required", "Region"),
    Case("value-null", {"clusters[0].mode": None}, "clusters[0].mode", "must be one of",
         "Google (autopilot)"),
    Case("list-null", {"log_sinks": None}, "log_sinks", "must be a list", "null is no value"),
    Case("list-for-text", {"prefix": ["dev"]}, "prefix", "must be text", "write text"),
    Case("text-for-list", {"clusters[1].zones": "europe-west4-a"}, "clusters[1].zones",
         "must be a list", "'- '"),
    Case("text-for-map", {"fleet": "dev"}, "fleet", "must be a map", "write a map"),
    Case("list-for-map", {"mesh": []}, "mesh", "must be a map", "write a map"),
    Case("text-in-list-of-maps", {"networks[0].peers": ["10.9.0.0/16"]}, "networks[0].peers[0]",
         "must be a map", "write a map"),
    Case("yes", {"clusters[0].deletion_protection": "yes"}, "clusters[0].deletion_protection",
         "must be true or false", "write true"),
    Case("off", {"gateways[0].internal": "off"}, "gateways[0].internal", "must be true or false",
         "write false"),
    Case("one-for-true", {"gateways[0].internal": 1}, "gateways[0].internal",
         "must be true or false", "write true or false"),
    Case("number-for-text", {"clusters[0].labels": {"team": 5}}, "clusters[0].labels.team",
         "must be text", 'in quotes: "5"'),
    Case("choice-wrong-case", {"mesh.channel": "REGULAR"}, "mesh.channel", "rapid, regular",
         "did you mean regular?"),
    Case("choice-misspelt", {"clusters[0].release_channel": "REGULR"},
         "clusters[0].release_channel", "must be one of", "did you mean REGULAR?"),
    Case("clusters-empty", {"clusters": []}, "clusters", "at least 1", "add one",
         ("namespaces[0].clusters[0]", "namespaces[1].clusters[0]", "namespaces[1].clusters[1]")),
    Case("networks-empty", {"networks": []}, "networks", "at least 1", "add one",
         ("clusters[0].network", "clusters[1].network")),
    Case("port-0", {f"{CHECKOUT}.port": 0}, f"{CHECKOUT}.port",
         "greater than or equal to 1", "Port"),
    Case("port-65536", {f"{CHECKOUT}.port": 65536}, f"{CHECKOUT}.port", "65535", "Port"),
    Case("timeout-nan", {f"{CHECKOUT}.route.timeout_seconds": float("nan")},
         f"{CHECKOUT}.route.timeout_seconds", "finite", "such as 10"),
    Case("timeout-0", {f"{CHECKOUT}.route.timeout_seconds": 0},
         f"{CHECKOUT}.route.timeout_seconds", "greater than 0", "Deadline",
         (f"{CHECKOUT}.route.retries.per_try_timeout_seconds",)),
    Case("machine-type", {f"{POOL}.machine_type": "E2 standard"}, f"{POOL}.machine_type",
         "must match", "e2-standard-4"),
    Case("10k-labels", {"labels": {f"k{i}": "v" for i in range(10_000)}}, "labels",
         "at most 60", "split"),
    Case("10k-peers", {"networks[0].peers": [{"name": f"p{i}", "cidr": f"172.{20 + i // 4096}."
                       f"{i // 16 % 256}.{i % 16 * 16}/28"} for i in range(10_000)]},
         "networks[0].peers", "at most 1000", "split"),
]  # fmt: skip

ALL = [*NAMES, *CIDRS, *PLACES, *WEIGHT_CASES, *KEYS]
