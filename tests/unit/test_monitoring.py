"""MeshDashboard: what is shown of a mesh, and of which services."""

import json
from typing import Any

import pulumi
import pytest

from meshwright import ArgumentError, MeshDashboard, MeshDashboardArgs
from tests.unit.recording import Recorder, component_test, record


def _args(**more: object) -> MeshDashboardArgs:
    return {"project": "p1", **more}  # type: ignore[typeddict-item]


def _board(recorder: Recorder) -> dict[str, Any]:
    return json.loads(recorder.one("Dashboard").inputs["dashboardJson"])


def _widgets(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {tile["widget"]["title"]: tile["widget"] for tile in board["mosaicLayout"]["tiles"]}


def _queries(board: dict[str, Any]) -> list[str]:
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.extend(v for k, v in value.items() if k == "prometheusQuery")
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(board)
    return found


@component_test
def test_every_service_is_shown_with_what_matters():
    """Calls, errors, latency, mutual TLS in a table by service; versions side by side."""
    recorder = record()

    made = MeshDashboard("mesh", _args(mesh_id="proj-7", prefix="prod", labels=["mesh"]))

    def check(values):
        assert values[0] == "mesh-dashboard-id"
        assert values[1].endswith("/mesh-dashboard-id?project=p1")
        board = _board(recorder)
        assert board["displayName"] == "prod-mesh"
        assert board["labels"] == {"mesh": ""}
        widgets = _widgets(board)
        table = widgets["Services"]["timeSeriesTable"]["dataSets"]
        columns = {item["tableTemplate"]: item["timeSeriesQuery"] for item in table}
        assert columns.keys() == {
            "Calls per second",
            "Errors, percent",
            "99% within, ms",
            "Mutual TLS, percent",
        }
        by = "by (namespace_name,canonical_service_name)"
        assert all(by in query["prometheusQuery"].replace("le,", "") for query in columns.values())
        assert 'response_code=~"5.."' in columns["Errors, percent"]["prometheusQuery"]
        assert " or 0 * " in columns["Errors, percent"]["prometheusQuery"]
        assert "MUTUAL_TLS" in columns["Mutual TLS, percent"]["prometheusQuery"]
        versions = widgets["Calls per second, by version"]["xyChart"]["dataSets"][0]
        assert "destination_canonical_revision" in versions["timeSeriesQuery"]["prometheusQuery"]
        assert "server-accesslog" in widgets["Who connected, and from where"]["logsPanel"]["filter"]
        assert all('mesh_uid="proj-7"' in query for query in _queries(board))

    return pulumi.Output.all(made.dashboard_id, made.url), check


@component_test
def test_istios_own_metrics_are_shown_for_the_namespaces_that_are_named():
    """With their own names, and the called side's word alone."""
    recorder = record()

    made = MeshDashboard(
        "mesh", _args(metrics="prometheus", namespaces=["shop", "pay-v2"], display_name="Shop")
    )

    def check(_):
        board = _board(recorder)
        assert board["displayName"] == "Shop"
        queries = _queries(board)
        assert queries
        for query in queries:
            assert 'reporter="destination"' in query
            assert 'destination_workload_namespace=~"shop|pay-v2"' in query
            assert "istio_io:" not in query
            assert "\\" not in query
            assert query.count("(") == query.count(")")
            assert query.count("{") == query.count("}")

    return made.dashboard_id, check


@component_test
def test_tiles_fill_the_page_without_overlaps():
    """The grid of forty-eight columns is used up, row by row."""
    recorder = record()

    made = MeshDashboard("mesh", _args())

    def check(_):
        layout = _board(recorder)["mosaicLayout"]
        taken: set[tuple[int, int]] = set()
        for tile in layout["tiles"]:
            left, top = tile.get("xPos", 0), tile.get("yPos", 0)
            cells = {
                (x, y)
                for x in range(left, left + tile["width"])
                for y in range(top, top + tile["height"])
            }
            assert not cells & taken
            taken |= cells
        bottom = max(y for _, y in taken) + 1
        assert len(taken) == layout["columns"] * bottom

    return made.dashboard_id, check


@component_test
def test_a_mesh_that_is_known_later_makes_a_dashboard_that_is():
    """A preview does not fail, and says that the text is to come."""
    recorder = record(preview=True)
    unknown = pulumi.Output.from_input("x").apply(lambda _: pulumi.UNKNOWN)

    MeshDashboard("mesh", _args(mesh_id=unknown))

    def check(_):
        assert "dashboardJson" in recorder.one("Dashboard").inputs

    return pulumi.Output.from_input(0), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"metrics": "stackdriver"}, "metrics", "google, prometheus"),
        ({"metrics": "prometheus", "mesh_id": "proj-7"}, "mesh_id", "do not name the mesh"),
        ({"namespaces": []}, "namespaces", "is empty"),
        ({"namespaces": ["a", "a"]}, "namespaces", "twice"),
        ({"namespaces": ["a", "b.*"]}, "namespaces[1]", "inner hyphens"),
        ({"labels": ["Mesh"]}, "labels[0]", "lower-case"),
        ({"title": "x"}, "title", "unknown argument"),
    ],
)
def test_wrong_arguments_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshDashboard("mesh", _args(**change))

    assert says in dict(raised.value.problems)[path]
