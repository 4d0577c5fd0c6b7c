"""The types of the spec's fields: each says its own rule and how to mend a value that breaks it."""

import datetime
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from meshwright._route_checks import HEADER_VALUE, is_header_value
from stacks import _cidr, _names, _places

MAX_ENTRIES = 1000
"""How many entries one list or map of a spec may hold."""


class Closed(BaseModel):
    """A part of the spec: unknown keys are refused, types are never coerced, nothing changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def broken(rule: str, fix: str) -> PydanticCustomError:
    """An error that carries its rule and its fix through pydantic."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule, "fix": fix})


def _name(limit: int = _names.RESOURCE_LIMIT) -> Callable[[str], str]:
    def check(value: str) -> str:
        wrong = _names.why_not(value, limit)
        if wrong:
            raise broken(*wrong)
        return value

    return check


def _revision(value: str) -> str:
    if _names.REVISION.fullmatch(value) and len(value) <= _names.REVISION_LIMIT:
        return value
    near = re.sub(r"[^a-z0-9]+", "-", value.lower())[: _names.REVISION_LIMIT].strip("-")
    raise broken(
        "a revision is at most 46 lower-case letters, digits and inner '-'",
        f"did you mean {near}?" if _names.REVISION.fullmatch(near) else "write it like 1-31-1",
    )


def _project(value: str) -> str:
    rule = (
        "a project id is 6..30 characters: lower-case letters, digits, '-', starting with a letter"
    )
    if not _names.PROJECT.fullmatch(value):
        suggestion = _names.repair(value)[:30].rstrip("-")
        near = len(suggestion) >= 6 and suggestion != value
        raise broken(rule, f"did you mean {suggestion}?" if near else "use the id, not the name")
    return value


def _cidr_range(value: str) -> str:
    if _cidr.parse(value) is None:
        raise broken(*_cidr.why_not(value))
    return value


def _private_range(value: str) -> str:
    _cidr_range(value)
    network = _cidr.parse(value)
    if network is not None and not _cidr.is_private(network):
        raise broken(
            "must lie in private address space, this range is public",
            f"choose one such as {_cidr.suggest_private(network)}",
        )
    return value


def _region(value: str) -> str:
    if value in _places.REGIONS:
        return value
    region = _places.region_of(value)
    if region is not None:
        raise broken("must be a region, this is a zone", f"did you mean {region}?")
    near = get_close_matches(value.lower(), list(_places.REGIONS), n=1)
    fix = f"did you mean {near[0]}?" if near else "list them: gcloud compute regions list"
    raise broken("must be a region of Google Cloud", fix)


def _zone(value: str) -> str:
    if _places.is_zone(value):
        return value
    region = value if value in _places.REGIONS else _places.region_of(value)
    if region is None:
        known = [zone for name in _places.REGIONS for zone in _places.zones(name)]
        near = get_close_matches(value.lower(), known, n=1)
        fix = f"did you mean {near[0]}?" if near else "list them: gcloud compute zones list"
        raise broken("must be a zone of Google Cloud", fix)
    what = "this is a region" if value == region else "there is no such zone"
    raise broken(
        f"must be a zone of Google Cloud, {what}", f"one of {', '.join(_places.zones(region))}"
    )


def _host(value: str) -> str:
    if value == "*":
        raise broken("a gateway names its hosts, '*' is every host", "write shop.example.com")
    if not _names.HOST.fullmatch(value) or len(value) > 253:
        fix = f"did you mean {value.lower()}?" if _names.HOST.fullmatch(value.lower()) else ""
        raise broken(
            "must be a DNS name, with '*.' only at its start", fix or "write shop.example.com"
        )
    return value


def _reference(value: str) -> str:
    namespace, slash, name = value.partition("/")
    if not slash or _names.why_not(namespace) or _names.why_not(name):
        raise broken("must be <namespace>/<name>", "write it like shop/checkout")
    return value


def _text(limit: int, what: str, example: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value.strip() or len(value) > limit:
            raise broken(f"must be {what}, 1..{limit} characters", f"write it like {example}")
        return value

    return check


def _key_name(value: str) -> str:
    if not _names.KMS_KEY.fullmatch(value):
        raise broken(
            "must be a KMS key, projects/P/locations/L/keyRings/R/cryptoKeys/K",
            "list them: gcloud kms keys list --location REGION --keyring RING",
        )
    return value


def _token(what: str, example: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not _names.TOKEN.fullmatch(value):
            raise broken(f"must be the name of a {what}", f"write it like {example}")
        return value

    return check


def _url(value: str) -> str:
    if not _names.HTTPS_URL.fullmatch(value):
        near = value.replace("http://", "https://", 1)
        mend = f"did you mean {near}?" if _names.HTTPS_URL.fullmatch(near) else ""
        raise broken("must be an https:// address", mend or "write https://issuer.example.com")
    return value


def _day(value: str) -> str:
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        raise broken("must be a day, YYYY-MM-DD", "write it like 2027-06-30, in quotes") from None
    return value


def _prefix(value: str) -> str:
    return _name()(value) if value else value


def _location(others: tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        return value if value in others else _region(value)

    return check


def _label_part(what: str) -> Callable[[str], str]:
    rule = f"a label's {what} is at most 63 of a-z, 0-9, '_' and '-'"
    rule += "; it starts with a letter" if what == "key" else ""

    def check(value: str) -> str:
        lawful = _names.LABEL_KEY if what == "key" else _names.LABEL_VALUE
        if not lawful.fullmatch(value):
            suggestion = _names.repair(value)
            raise broken(rule, f"did you mean {suggestion}?" if suggestion else "leave it out")
        return value

    return check


def _seconds(value: float) -> float:
    if round(value, 3) != value:
        raise broken("proxies keep time in whole milliseconds", "round it to three decimals")
    return value


def _header_value(value: str) -> str:
    if not is_header_value(value):
        rule = f"no call has such a header: its value is {HEADER_VALUE}"
        raise broken(rule, 'write it like "true"')
    return value


def _headers(value: dict[str, str]) -> dict[str, str]:
    if len({name.lower() for name in value}) < len(value):
        raise broken("case does not tell headers apart, one is there twice", "keep one of them")
    return value


def _schema(**keywords: Any) -> Any:
    return Field(json_schema_extra=keywords)


Name = Annotated[str, AfterValidator(_name()), _schema(pattern=f"^{_names.NAME.pattern}$")]
"""A name of RFC 1035: lower-case letters, digits, '-'; at most 63."""

Prefix = Annotated[str, AfterValidator(_prefix), _schema(pattern=f"^({_names.NAME.pattern})?$")]
RevisionName = Annotated[
    str,
    AfterValidator(_revision),
    _schema(pattern=f"^{_names.REVISION.pattern}$", maxLength=_names.REVISION_LIMIT),
]
ClusterName = Annotated[
    str, AfterValidator(_name(_names.CLUSTER_LIMIT)), _schema(pattern=f"^{_names.NAME.pattern}$")
]
NodePoolName = Annotated[
    str, AfterValidator(_name(_names.NODE_POOL_LIMIT)), _schema(pattern=f"^{_names.NAME.pattern}$")
]
CloudRunName = Annotated[
    str, AfterValidator(_name(_names.CLOUD_RUN_LIMIT)), _schema(pattern=f"^{_names.NAME.pattern}$")
]
ProjectId = Annotated[str, AfterValidator(_project), _schema(pattern=f"^{_names.PROJECT.pattern}$")]
Cidr = Annotated[str, AfterValidator(_cidr_range), _schema(format="ipv4-cidr")]
PrivateCidr = Annotated[str, AfterValidator(_private_range), _schema(format="ipv4-cidr")]
Region = Annotated[str, AfterValidator(_region), _schema(enum=sorted(_places.REGIONS))]
LogLocation = Annotated[str, AfterValidator(_location(("global", "us", "eu")))]
StorageLocation = Annotated[str, AfterValidator(_location(("US", "EU", "ASIA")))]
KeyLocation = Annotated[str, AfterValidator(_location(("global", "us", "europe", "asia")))]
DatasetLocation = Annotated[str, AfterValidator(_location(("US", "EU")))]
Zone = Annotated[str, AfterValidator(_zone)]
Host = Annotated[str, AfterValidator(_host), _schema(format="hostname")]
Reference = Annotated[str, AfterValidator(_reference)]
Image = Annotated[
    str,
    AfterValidator(_text(512, "a container image", "europe-docker.pkg.dev/project/repo/app:1.0")),
]
Filter = Annotated[str, AfterValidator(_text(20_000, "a filter", 'resource.type="k8s_container"'))]
LabelKey = Annotated[str, AfterValidator(_label_part("key"))]
LabelValue = Annotated[str, AfterValidator(_label_part("value"))]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=60)]
KmsKey = Annotated[str, AfterValidator(_key_name), _schema(pattern=f"^{_names.KMS_KEY.pattern}$")]
"""A key of Cloud KMS by its resource name; never key material."""

Day = Annotated[str, AfterValidator(_day), _schema(format="date")]
HeaderName = Annotated[str, AfterValidator(_token("header", "x-user-group"))]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
Headers = Annotated[dict[HeaderName, HeaderValue], Field(max_length=16), AfterValidator(_headers)]
CookieName = Annotated[str, AfterValidator(_token("cookie", "session"))]
HttpsUrl = Annotated[str, AfterValidator(_url), _schema(format="uri")]
Text = Annotated[str, AfterValidator(_text(256, "a text", "why it is so"))]
Port = Annotated[int, Field(ge=1, le=65535)]
Weight = Annotated[int, Field(ge=0, le=100)]
WholePercent = Annotated[int, Field(ge=0, le=100)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False), AfterValidator(_seconds)]
