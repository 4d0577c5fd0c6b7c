"""The package exports what it documents, and documents all it takes."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_origin, is_typeddict

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.component import ComponentProvider

import meshwright
from tests.unit.recording import component_test, record

_EXPORTED = {name: getattr(meshwright, name) for name in meshwright.__all__}
_COMPONENTS = {
    name: item
    for name, item in _EXPORTED.items()
    if isinstance(item, type) and issubclass(item, pulumi.ComponentResource)
}
_ARGS = {name: item for name, item in _EXPORTED.items() if is_typeddict(item)}


def _documented_fields(kind: type) -> dict[str, str]:
    """The docstring below each annotated field of a class."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = getattr(getattr(after, "value", None), "value", None)
            if isinstance(text, str):
                found[field.target.id] = text
    return found


def test_all_is_sorted_and_names_what_the_stub_imports():
    """Type checkers read the stub, and so does the package: what is not there is nobody's."""
    stub = Path(meshwright.__file__).with_suffix(".pyi")
    imported: list[str] = []
    named: list[str] = []
    for statement in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            imported += [alias.name for alias in statement.names]
        elif isinstance(statement, ast.Assign):
            named = ast.literal_eval(statement.value)

    assert named == sorted(imported)
    assert meshwright.__all__ == named


def test_importing_every_component_loads_no_resource_types():
    """They cost up to a second each; a program pays for those it uses, when it uses them."""
    program = "from meshwright import *; import sys; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    resources = [
        module
        for module in loaded
        if re.match(r"pulumi_gcp\.\w+\.[a-z]|pulumi_kubernetes\.\w+\.v\w+\.[A-Z]", module)
    ]
    assert "pulumi_gcp.compute" in loaded  # the package itself, which loads on first use
    assert resources == []


@pytest.mark.parametrize("name", sorted(_EXPORTED))
def test_every_public_name_has_a_docstring(name):
    """Of its own, not its base's."""
    item = _EXPORTED[name]

    assert item.__doc__
    assert inspect.isfunction(item) or "__doc__" in vars(item)


@pytest.mark.parametrize("name", sorted(_ARGS))
def test_every_argument_is_documented_with_its_default(name):
    """Type and unit stand beside it; whoever may leave it out must know what then holds."""
    documented = _documented_fields(_ARGS[name])

    assert set(documented) == set(_ARGS[name].__annotations__)
    lacking = [
        field
        for field in _ARGS[name].__optional_keys__
        if "Default:" not in documented[field] and not documented[field].startswith("Destination:")
    ]
    assert lacking == []


@pytest.mark.parametrize("name", sorted(_COMPONENTS))
def test_every_output_is_documented(name):
    """Including until when it waits, where it does."""
    component = _COMPONENTS[name]
    outputs = inspect.get_annotations(component)

    assert outputs
    assert set(outputs) == set(_documented_fields(component))
    assert all(get_origin(kind) is pulumi.Output for kind in outputs.values())


@pytest.mark.parametrize("name", sorted(_COMPONENTS))
def test_a_component_says_when_it_refuses_and_which_page_it_follows(name):
    """The page stands above the component, in the module's own words."""
    component = _COMPONENTS[name]
    page = r"https://([a-z]+\.)*(cloud\.google\.com|istio\.io|kubernetes\.io)/"

    assert "ArgumentError" in component.__doc__
    assert re.search(page, sys.modules[component.__module__].__doc__)


@pytest.mark.parametrize("name", sorted(_COMPONENTS))
def test_a_wrong_argument_is_refused_by_its_name_before_anything_is_made(name):
    """Each missing one, each that there is not, and each of a type that no argument has."""
    recorder = record()
    arguments = _ARGS[f"{name}Args"]
    wrong = {"frobnicate": 1} | {key: object() for key in arguments.__annotations__}

    with pytest.raises(meshwright.ArgumentError) as missing:
        _COMPONENTS[name]("it", {"frobnicate": 1})
    with pytest.raises(meshwright.ArgumentError) as refused:
        _COMPONENTS[name]("it", wrong)

    # Rules of one of several, neither of which is needed by itself, may say more.
    assert set(dict(missing.value.problems)) >= {"frobnicate", *arguments.__required_keys__}
    assert set(dict(refused.value.problems)) == set(wrong)
    assert f"{name} 'it' was given wrong arguments" in str(refused.value)
    assert recorder.registrations == []


@pytest.mark.parametrize("name", sorted(_COMPONENTS))
def test_components_share_one_shape(name):
    """`X(name, args: XArgs, opts)`, type token `meshwright:index:X`, one file."""
    component = _COMPONENTS[name]

    parameters = inspect.signature(component).parameters
    assert list(parameters) == ["name", "args", "opts"]
    assert parameters["args"].annotation is _EXPORTED[f"{name}Args"]
    assert f'super().__init__("meshwright:index:{name}", name' in inspect.getsource(component)
    assert "register_outputs" in inspect.getsource(component)


@component_test
def test_a_hosted_component_takes_what_other_languages_send():
    """Names in camel case, numbers as floating point."""
    recorder = record()
    provider = ComponentProvider([meshwright.TrafficRoute], "meshwright")
    sent = {
        "namespace": "shop",
        "service": "checkout",
        "versions": [{"name": "v1"}],
        "weights": {"v1": 100.0},
        "retry": {"attempts": 2.0, "perTryTimeout": "2s"},
    }

    built = provider.construct("checkout", "meshwright:index:TrafficRoute", sent)

    def check(outputs):
        assert outputs == {"host": "checkout.shop.svc.cluster.local", "weights": {"v1": 100}}
        (rule,) = recorder.one("VirtualService").inputs["spec"]["http"]
        assert rule["retries"]["perTryTimeout"] == "2s"

    return pulumi.Output.from_input(built.state), check


def test_every_component_can_be_hosted_for_other_languages():
    """The SDK's analyzer refuses unions and inherited arguments."""
    result = Analyzer("meshwright").analyze(list(_COMPONENTS.values()))

    assert set(result["component_definitions"]) == set(_COMPONENTS)
    definitions = result["component_definitions"].values()
    undocumented = [
        f"{definition.name}.{field}"
        for definition in definitions
        for field, schema in definition.inputs.items()
        if not schema.description
    ]
    assert undocumented == []
