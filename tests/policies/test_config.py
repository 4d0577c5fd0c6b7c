"""The policy config: what it decides, and that everything wrong in it is said at once, by name."""

import json
import re
import runpy
from pathlib import Path

import jsonschema
import pytest

from meshwright_policies import RULES
from meshwright_policies.config import Config, Wrong, parse, read
from meshwright_policies.rule import Settings
from tests.policies.analyzer import Pack, Refused

ROOT = Path(__file__).resolve().parents[2]
EXEMPTION = {"urn": "*::east", "reason": "moves in March", "expires": "2027-03-31"}
WHOLE = {
    "all": "advisory",
    "GKE-01": "mandatory",
    "GKE-06": {"enforcementLevel": "remediate", "exemptions": [EXEMPTION]},
    "not-known-yet": "disabled",
    "meshwright": {
        "rootNamespace": "mesh",
        "productionStacks": ["live"],
        "allowedRegions": ["europe-*"],
        "allowedRegistries": ["europe-docker.pkg.dev/acme/"],
        "requiredLabels": ["team"],
        "levels": {"low": "disabled", "GKE-02": "disabled"},
        "today": "2027-01-01",
    },
}


def problems(config: object) -> list[str]:
    with pytest.raises(Wrong) as caught:
        parse(config, RULES)
    return caught.value.problems


def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "policies" / "config.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_setting_reaches_the_rules() -> None:
    config = parse(WHOLE, RULES)

    assert config.settings == Settings(
        root_namespace="mesh",
        production_stacks=("live",),
        allowed_regions=("europe-*",),
        allowed_registries=("europe-docker.pkg.dev/acme/",),
        required_labels=("team",),
    )
    assert config.today.isoformat() == "2027-01-01"
    assert [e.reason for e in config.exemptions["GKE-06"]] == ["moves in March"]


def test_what_is_not_set_keeps_its_default() -> None:
    config = parse({"meshwright": {"rootNamespace": "mesh"}}, RULES)

    assert config.settings == Settings(root_namespace="mesh")


def test_the_most_particular_level_counts() -> None:
    levels = parse(WHOLE, RULES).levels

    wanted = {"GKE-01": "mandatory", "GKE-02": "disabled", "GKE-06": "remediate",
              "GKE-13": "disabled", "MESH-01": "advisory", "not-known-yet": "disabled"}  # fmt: skip
    assert {name: levels[name] for name in wanted} == wanted


WRONG = [
    ({"GKE-1": "advisory"}, "GKE-1: there is no such key. Did you mean GKE-01?"),
    ({"mesh-16": "advisory"}, "mesh-16: there is no such key. Did you mean MESH-16?"),
    ({"zzz": {}}, "zzz: there is no such key. There are: all, meshwright, MESH-01, "),
    (
        {"GKE-01": "mandatroy"},
        'GKE-01.enforcementLevel: is "mandatroy". Write one of '
        "'advisory', 'mandatory', 'remediate' or 'disabled'.",
    ),
    ({"GKE-01": 5}, "GKE-01: is 5. Write an object."),
    (
        {"GKE-01": {"rootNamespace": "x"}},
        'GKE-01.rootNamespace: is no setting of one rule. Write it under "meshwright".',
    ),
    (
        {"GKE-01": {"exemption": []}},
        "GKE-01.exemption: there is no such key. Did you mean exemptions?",
    ),
    (
        {"GKE-01": {"exemptions": [{"urn": "*", "expires": "2027-01-01"}]}},
        "GKE-01.exemptions[0].reason: is missing.",
    ),
    (
        {"GKE-01": {"exemptions": [EXEMPTION, EXEMPTION | {"reason": " "}]}},
        'GKE-01.exemptions[1].reason: is " ". Write something.',
    ),
    (
        {"GKE-01": {"exemptions": [EXEMPTION | {"expires": "2027-02-30"}]}},
        'GKE-01.exemptions[0].expires: is "2027-02-30". Write a day that exists, as YYYY-MM-DD.',
    ),
    (
        {"GKE-01": {"exemptions": [EXEMPTION | {"until": "x"}]}},
        "GKE-01.exemptions[0].until: there is no such key. There are: urn, reason, expires.",
    ),
    ({"all": {"exemptions": [EXEMPTION]}}, "all.exemptions: write exemptions under the id of the "),
    ({"meshwright": {"today": 5}}, "meshwright.today: is 5. Write a day that exists, as "),
    ({"meshwright": {"requiredLabels": "a"}}, 'meshwright.requiredLabels: is "a". Write a valid '),
    ({"meshwright": {"allowedRegion": []}}, "meshwright.allowedRegion: there is no such key. Did "),
    ({"meshwright": {"levels": {"hihg": "advisory"}}}, "meshwright.levels.hihg: there is no such "),
    ({"GKE-01": "remediate"}, "GKE-01: this rule has no mend that is always safe. Rules with one:"),
    ({"meshwright": {"levels": {"GKE-02": "remediate"}}}, "meshwright.levels.GKE-02: this rule "),
]  # fmt: skip


@pytest.mark.parametrize(("config", "said"), WRONG)
def test_a_mistake_is_named_with_what_to_write_instead(config: dict, said: str) -> None:
    (problem,) = problems(config)

    assert problem.startswith(said)


def test_all_mistakes_are_said_at_once() -> None:
    every: dict = {}
    for config, _ in WRONG[:5]:
        every |= config
    every["meshwright"] = {"today": 5, "levels": {"hihg": "advisory"}, "x": 1}

    assert len(problems(every)) == 4 + 3  # GKE-01 stands twice in WRONG[:5]


def test_the_pack_refuses_a_config_with_mistakes_towards_the_engine() -> None:
    with pytest.raises(Refused, match=r"has 2 mistakes:\n  GKE-1: .*\n  MESH-11\.exemption: "):
        Pack({"GKE-1": "advisory", "MESH-11": {"exemption": 1}})


def test_the_engine_and_a_file_give_the_same_config(tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    file.write_text(json.dumps(WHOLE))

    by_engine: Config = Pack(WHOLE).servicer.config

    assert read(file, RULES) == by_engine


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is no JSON"), ("[]", "holds no object"), ('{"GKE-1": {}}', "GKE-1")]
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "policies.json"
    file.write_text(text)

    with pytest.raises(Wrong, match=re.escape(said)):
        read(file, RULES)


def test_the_schema_for_editors_takes_what_the_pack_takes() -> None:
    validator().validate(WHOLE)
    for file in (ROOT / "stacks").glob("policies.*.json"):
        validator().validate(json.loads(file.read_text()))
        read(file, RULES)


# What fits no pattern of a schema: which days exist, which rules have a mend, what is blank.
BEYOND = ("2027-02-30", "this rule ", "'reason': ' '", "all.exemptions", "hihg")
WITHIN = [case for case in WRONG if not any(word in str(case) for word in BEYOND)]


@pytest.mark.parametrize("config", [config for config, _ in WITHIN])
def test_the_schema_for_editors_refuses_what_the_pack_refuses(config: dict) -> None:
    assert not validator().is_valid(config)


def test_the_rules_page_and_the_schema_are_those_of_the_code() -> None:
    generate = runpy.run_path(str(ROOT / "docs" / "generate_rules.py"))["generate"]

    stale = [str(path) for path, text in generate().items() if path.read_text() != text]

    assert stale == [], "renew with .venv/bin/python docs/generate_rules.py"
