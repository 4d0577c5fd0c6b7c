"""The pack around the rules: levels, unknown values, mends, clusters, exemptions and their end."""

import datetime
from collections.abc import Iterator

import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE

from meshwright_policies import RULES
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
    stack_rule,
)  # fmt: skip
from meshwright_policies.values import UNKNOWN, SecretText, at
from tests.policies.analyzer import Pack, secret, struct, urn

KIND = "shop:index:Box"
URN = urn(KIND, "east")
ROUTES = "kubernetes:networking.istio.io/v1:VirtualService"
TODAY = datetime.datetime.now(datetime.UTC).date()
DAY = datetime.timedelta(days=1)
LAST = TODAY + 30 * DAY  # a run of the tests may go on past midnight


def close(resource: Resource, settings: Settings) -> dict | None:
    if at(resource.properties, "lid") in ("shut", UNKNOWN):
        return None
    return resource.properties | {"lid": "shut"}


@resource_rule("BOX-01", severity=Severity.HIGH, source="a book", title="Lids are shut.",
               types="shop:index:Box$", remedy=close)  # fmt: skip
def lid(resource: Resource, settings: Settings) -> Iterator[Finding]:
    found = at(resource.properties, "lid")
    if found is UNKNOWN:
        yield Unjudged("lid")
    elif found != "shut":
        yield Violation("lid", f"is {found!r}", "Shut it")


@resource_rule("BOX-02", severity=Severity.LOW, source="a book", title="Boxes have names.",
               types="shop:")  # fmt: skip
def label(resource: Resource, settings: Settings) -> Iterator[Finding]:
    if at(resource.properties, "label") is UNKNOWN:
        yield Unjudged("label")
    elif not at(resource.properties, "label"):
        yield Violation("label", "is not set", "Set it")


@stack_rule("BOX-03", severity=Severity.CRITICAL, source="a book", title="One box a cluster.")
def one(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    for resource in resources:
        if resource.properties is UNKNOWN:
            yield Unjudged("", resource.urn)
        elif resource.cluster:
            yield Violation(resource.cluster, "has a box", "Take it out", resource.urn)


BOXES = (lid, label, one)
GOOD = {"lid": "shut", "label": "tea"}


def pack(config: dict | None = None, *, preview: bool = True) -> Pack:
    return Pack(config, rules=BOXES, preview=preview)


def said(diagnostics: list) -> list[tuple[str, str]]:
    words = {number: name.lower() for name, number in proto.EnforcementLevel.items()}
    return [(one.policyName, words[one.enforcementLevel]) for one in diagnostics]


def accept(**entry: str) -> dict:
    whole = {"urn": URN, "reason": "moves in March", "expires": LAST.isoformat()} | entry
    return {"BOX-01": {"exemptions": [whole]}}


def on(day: datetime.date) -> dict:
    return {"meshwright": {"today": day.isoformat()}}


def test_ids_are_unique_and_each_rule_says_why_and_whose_it_is() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.title and rule.source for rule in RULES)


def test_the_engine_learns_of_every_rule_with_its_severity() -> None:
    told = {policy.name: policy.severity for policy in Pack().info.policies}

    for rule in RULES:
        name = f"POLICY_SEVERITY_{rule.severity.name}"
        assert proto.PolicySeverity.Name(told[rule.id]) == name


def test_critical_and_high_rules_stop_an_update_and_lesser_ones_advise() -> None:
    objects = [kubernetes("a", None)]
    everything = pack().analyze(KIND, "east", {}) + pack().finish(*objects)

    assert said(everything) == [
        ("BOX-01", "mandatory"), ("BOX-02", "advisory"), ("BOX-03", "mandatory"),
    ]  # fmt: skip


def test_a_violation_says_why_where_what_how_to_mend_it_and_whose_rule_it_is() -> None:
    (found,) = pack().analyze(KIND, "east", GOOD | {"lid": "open"})

    assert found.message == "Lids are shut.\nlid: is 'open'. Shut it. (source: a book)"
    assert found.urn == URN


@pytest.mark.parametrize(
    ("config", "levels"),
    [
        ({"BOX-01": "advisory"}, ["advisory", "advisory"]),
        ({"BOX-02": "mandatory"}, ["mandatory", "mandatory"]),
        ({"BOX-01": "disabled"}, ["advisory"]),
        ({"all": "disabled", "BOX-02": "mandatory"}, ["mandatory"]),
        ({"all": "advisory"}, ["advisory", "advisory"]),
        ({"meshwright": {"levels": {"low": "disabled"}}}, ["mandatory"]),
        ({"meshwright": {"levels": {"high": "advisory", "low": "mandatory"}}},
         ["advisory", "mandatory"]),
        ({"meshwright": {"levels": {"high": "disabled", "BOX-01": "mandatory"}}},
         ["mandatory", "advisory"]),
        ({"meshwright": {"levels": {"low": "disabled"}}, "BOX-02": "mandatory"},
         ["mandatory", "mandatory"]),
        ({"BOX-01": "remediate"}, ["mandatory", "advisory"]),
        ({"all": "remediate"}, ["mandatory", "advisory"]),
    ],
)  # fmt: skip
def test_config_sets_levels_by_rule_by_severity_and_for_all(config: dict, levels: list) -> None:
    assert [level for _, level in said(pack(config).analyze(KIND, "east", {}))] == levels


def test_rules_see_only_the_types_that_they_are_about() -> None:
    assert said(pack().analyze("shop:index:Bag", "b", {})) == [("BOX-02", "advisory")]
    assert pack().analyze("other:index:Box", "c", {}) == []


UNKNOWN_LID = {"lid": UNKNOWN_STRING_VALUE}


def test_what_is_unknown_is_said_once_a_rule_with_its_number_and_first_place() -> None:
    tried = pack()
    for name in ("east", "west"):
        assert tried.analyze(KIND, name, UNKNOWN_LID | {"label": "tea"}) == []

    (word,) = tried.finish()

    assert said([word]) == [("not-known-yet", "advisory")]
    assert "BOX-01: 2 values are not known yet; the update judges" in word.message
    assert "First: lid of east." in word.message
    assert tried.finish() == []


def test_what_is_known_beside_the_unknown_is_judged() -> None:
    assert said(pack().analyze(KIND, "east", UNKNOWN_LID)) == [("BOX-02", "advisory")]


def test_the_update_judges_what_the_preview_did_not_know() -> None:
    tried = pack(preview=False)

    assert said(tried.analyze(KIND, "east", GOOD | {"lid": "open"})) == [("BOX-01", "mandatory")]
    assert tried.finish() == []


def test_the_word_about_unknown_values_can_be_turned_off() -> None:
    tried = pack({"not-known-yet": "disabled"})
    tried.analyze(KIND, "east", UNKNOWN_LID)

    assert tried.finish() == []


@pytest.mark.parametrize("pattern", [URN, "*::east"])
def test_an_exemption_covers_its_resource_until_its_last_day(pattern: str) -> None:
    tried = pack(accept(urn=pattern) | on(LAST))

    assert tried.analyze(KIND, "east", {"label": "tea"}) == []
    assert tried.finish() == []


@pytest.mark.parametrize("pattern", [urn(KIND, "east[0]"), "*::east[0]", "*::east[*]"])
def test_an_exemption_takes_brackets_as_they_stand(pattern: str) -> None:
    tried = pack(accept(urn=pattern))

    assert tried.analyze(KIND, "east[0]", {"label": "tea"}) == []
    assert said(tried.analyze(KIND, "east0", {"label": "tea"})) == [("BOX-01", "mandatory")]


def test_an_exemption_covers_no_other_resource_and_one_that_is_idle_is_told() -> None:
    tried = pack(accept(urn="*::west"))

    assert said(tried.analyze(KIND, "east", {"label": "tea"})) == [("BOX-01", "mandatory")]
    (word,) = tried.finish()
    assert said([word]) == [("meshwright", "advisory")]
    assert "BOX-01.exemptions[0]" in word.message


def test_an_expired_exemption_is_a_violation_that_names_its_day_and_reason() -> None:
    expired = accept(expires=(TODAY - DAY).isoformat())

    (found,) = pack(expired).analyze(KIND, "east", {"label": "tea"})

    assert f"ended on {TODAY - DAY} (moves in March)" in found.message


def test_the_clock_can_be_set() -> None:
    assert pack(accept()).analyze(KIND, "east", {"label": "tea"}) == []
    assert pack(accept() | on(LAST + DAY)).analyze(KIND, "east", {"label": "tea"})


OPEN = {"lid": "open", "label": secret({"of": "tea", "at": UNKNOWN_OBJECT_VALUE}),
        "size": UNKNOWN_BOOLEAN_VALUE, "sides": [1, {"a": None}]}  # fmt: skip


def test_level_remediate_makes_the_one_mend_and_leaves_all_else_as_it_was_sent() -> None:
    (mend,) = pack({"BOX-01": "remediate"}).remediate(KIND, "east", OPEN)

    assert (mend.policyName, mend.description) == ("BOX-01", "Lids are shut.")
    assert MessageToDict(mend.properties) == MessageToDict(struct(OPEN | {"lid": "shut"}))


@pytest.mark.parametrize(
    ("config", "properties"),
    [
        ({}, {}),
        ({"BOX-01": "remediate"}, GOOD),
        ({"BOX-01": "remediate"}, UNKNOWN_LID),
        ({"BOX-01": {**accept()["BOX-01"], "enforcementLevel": "remediate"}}, {}),
    ],
    ids=["other level", "nothing to mend", "unknown", "exempt"],
)
def test_nothing_else_is_mended(config: dict, properties: dict) -> None:
    assert pack(config).remediate(KIND, "east", properties) == []


def kubernetes(
    name: str, provider: dict | None, properties: dict | None = None
) -> proto.AnalyzerResource:
    message = proto.AnalyzerResource(
        type=ROUTES, name=name, urn=urn(ROUTES, name), properties=struct(properties or {"a": 1})
    )
    if provider is not None:
        label = provider.pop("name")
        message.provider.urn = f"urn:{label}"
        message.provider.name = label
        message.provider.properties.update(provider)
    return message


def test_providers_with_the_same_access_are_one_cluster() -> None:
    def access(name: str, context: str) -> dict:
        return {"name": name, "kubeconfig": secret("{}"), "context": context}

    found = pack().finish(
        kubernetes("a", access("east", "east")),
        kubernetes("b", access("east-again", "east")),
        kubernetes("c", access("west", "west")),
        kubernetes("d", {"name": "unread-1", "kubeconfig": UNKNOWN_STRING_VALUE}),
        kubernetes("e", {"name": "unread-2", "kubeconfig": UNKNOWN_STRING_VALUE}),
        kubernetes("f", None),
    )

    clusters = [one.message.splitlines()[1].partition(":")[0] for one in found]
    assert clusters == ["east", "east", "west", "unread-1", "unread-2", "(default provider)"]


def test_a_stack_rule_reports_at_the_resource_and_takes_exemptions() -> None:
    exempt = {"BOX-03": {"exemptions": [{"urn": "*::a", "reason": "r", "expires": "2999-01-01"}]}}
    objects = [kubernetes("a", None), kubernetes("b", None)]

    (found,) = pack(exempt).finish(*objects)

    assert found.urn == urn(ROUTES, "b")


def test_objects_of_a_planned_cluster_are_unknown() -> None:
    """While a provider's settings are unknown, the engine shows its objects without properties."""
    planned = proto.AnalyzerResource(type=ROUTES, name="routes", urn=urn(ROUTES, "routes"))

    (word,) = pack().finish(planned)

    assert "BOX-03: a value is not known yet" in word.message


def test_rules_see_whole_numbers_markers_and_secrets_that_do_not_show() -> None:
    seen: list[object] = []

    @resource_rule("BOX-04", severity=Severity.LOW, source="-", title="-", types="shop:")
    def look(resource: Resource, settings: Settings) -> Iterator[Finding]:
        seen.append(resource.properties)
        yield from ()

    Pack(rules=(look,)).analyze(
        KIND, "east",
        {"n": 9, "x": 1.5, "deep": [{"u": UNKNOWN_STRING_VALUE, "s": secret({"key": "hush"})}]},
    )  # fmt: skip

    (properties,) = seen
    assert properties == {"n": 9, "x": 1.5, "deep": [{"u": UNKNOWN, "s": {"key": "hush"}}]}
    assert isinstance(properties["n"], int)
    hidden = properties["deep"][0]["s"]["key"]
    assert isinstance(hidden, SecretText)
    assert "hush" not in f"{hidden} {hidden!r} {properties} {hidden:>9}"
    assert hidden.reveal() == "hush"


def test_a_rule_that_breaks_is_named_and_ends_nothing_else() -> None:
    @resource_rule("BOX-05", severity=Severity.HIGH, source="-", title="-", types="shop:",
                   remedy=lambda resource, settings: {"lid": 1 / 0})  # fmt: skip
    def broken(resource: Resource, settings: Settings) -> Iterator[Finding]:
        yield Violation("first", "is seen", "Mend it")
        raise KeyError("secret")

    tried = Pack({"BOX-05": "remediate"}, rules=(broken, label))

    first, fault, other = tried.analyze(KIND, "east", {})
    assert "first: is seen" in first.message
    assert said([fault, other]) == [("BOX-05", "mandatory"), ("BOX-02", "advisory")]
    assert "KeyError in test_pack.py, line " in fault.message
    assert "secret" not in fault.message
    assert tried.remediate(KIND, "east", {}) == []
