"""The JSON of the mesh's dashboard: what Cloud Monitoring shows, in which order.

Follows https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards.
"""

from collections.abc import Iterable
from typing import Any

from ._mesh_metrics import ERRORS, METRICS, MeshMetrics, selector

Json = dict[str, Any]
_COLUMNS = 48
_WINDOW = "${__interval}"
_ACCESS_LOGS = (
    'log_id("server-accesslog-stackdriver") OR '
    '(resource.type="k8s_container" AND resource.labels.container_name="istio-proxy")'
)
_PERCENT = 100


class Queries:
    """PromQL over a mesh's metrics."""

    def __init__(self, metrics: str, mesh_id: str, namespaces: Iterable[str]) -> None:
        self._metrics: MeshMetrics = METRICS[metrics]
        self._mesh_id, self._namespaces = mesh_id, list(namespaces)
        self.by_service = f"{self._metrics.namespace},{self._metrics.service}"
        self.by_version = f"{self.by_service},{self._metrics.version}"

    def rate(self, by: str = "", *more: str) -> str:
        """Calls per second."""
        chosen = selector(self._metrics, self._mesh_id, self._namespaces, *more)
        return f"{_sum(by)}(rate({self._metrics.count}{{{chosen}}}[{_WINDOW}]))"

    def errors(self, by: str = "") -> str:
        """Share of calls that were answered with a server's error, percent."""
        return self._percent(by, ERRORS)

    def mutual_tls(self, by: str = "") -> str:
        """Share of calls that came by mutual TLS, percent."""
        return self._percent(by, self._metrics.mutual_tls)

    def _percent(self, by: str, part: str) -> str:
        """Share of calls; none at all shows as zero, not as nothing."""
        every = self.rate(by)
        return f"{_PERCENT} * ({self.rate(by, part)} or 0 * {every}) / {every}"

    def latency(self, quantile: float, by: str = "") -> str:
        """Time within which that share of calls was answered, milliseconds."""
        chosen = selector(self._metrics, self._mesh_id, self._namespaces)
        groups = f"le,{by}" if by else "le"
        buckets = f"{_sum(groups)}(rate({self._metrics.latency}_bucket{{{chosen}}}[{_WINDOW}]))"
        return f"histogram_quantile({quantile}, {buckets})"


def dashboard(display_name: str, queries: Queries, labels: Iterable[str] = ()) -> Json:
    """The whole dashboard."""
    service, version = queries.by_service, queries.by_version
    rows: list[tuple[int, list[Json]]] = [
        (
            8,
            [
                _scorecard("Calls per second", queries.rate(), "1/s"),
                _scorecard("Errors, percent", queries.errors(), "%", above=1),
                _scorecard("99% are answered within", queries.latency(0.99), "ms"),
                _scorecard("Mutual TLS, percent", queries.mutual_tls(), "%", below=100),
            ],
        ),
        (
            16,
            [
                _table(
                    "Services",
                    {
                        "Calls per second": queries.rate(service),
                        "Errors, percent": queries.errors(service),
                        "99% within, ms": queries.latency(0.99, service),
                        "Mutual TLS, percent": queries.mutual_tls(service),
                    },
                ),
            ],
        ),
        (
            16,
            [
                _chart("Calls per second, by service", queries.rate(service)),
                _chart("Errors in percent, by service", queries.errors(service)),
            ],
        ),
        (
            16,
            [
                _chart("Half are answered within, ms", queries.latency(0.5, service)),
                _chart("95% are answered within, ms", queries.latency(0.95, service)),
                _chart("99% are answered within, ms", queries.latency(0.99, service)),
            ],
        ),
        (
            16,
            [
                _chart("Calls per second, by version", queries.rate(version), "STACKED_AREA"),
                _chart("Errors in percent, by version", queries.errors(version)),
                _chart("Mutual TLS in percent, by service", queries.mutual_tls(service)),
            ],
        ),
        (
            16,
            [
                {"title": "Incidents", "incidentList": {}},
                {
                    "title": "Who connected, and from where",
                    "logsPanel": {"filter": _ACCESS_LOGS},
                },
            ],
        ),
    ]
    made: Json = {
        "displayName": display_name,
        "mosaicLayout": {"columns": _COLUMNS, "tiles": _tiles(rows)},
    }
    if labels:
        made["labels"] = dict.fromkeys(labels, "")
    return made


def _tiles(rows: list[tuple[int, list[Json]]]) -> list[Json]:
    """Rows from above to below, each filled from left to right."""
    tiles: list[Json] = []
    top = 0
    for height, widgets in rows:
        width = _COLUMNS // len(widgets)
        for index, widget in enumerate(widgets):
            tile: Json = {"width": width, "height": height, "widget": widget}
            # The API leaves zeros out of its answers, so they are not sent either.
            tile |= {"xPos": index * width} if index else {}
            tile |= {"yPos": top} if top else {}
            tiles.append(tile)
        top += height
    return tiles


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"


def _query(text: str, unit: str = "") -> Json:
    return {"prometheusQuery": text, **({"unitOverride": unit} if unit else {})}


def _chart(title: str, query: str, plot: str = "LINE") -> Json:
    data = {"timeSeriesQuery": _query(query), "plotType": plot, "targetAxis": "Y1"}
    return {"title": title, "xyChart": {"dataSets": [data], "yAxis": {"scale": "LINEAR"}}}


def _scorecard(
    title: str, query: str, unit: str, *, above: float | None = None, below: float | None = None
) -> Json:
    card: Json = {
        "timeSeriesQuery": _query(query, unit),
        "sparkChartView": {"sparkChartType": "SPARK_LINE"},
    }
    value = above if above is not None else below
    if value is not None:
        direction = "ABOVE" if above is not None else "BELOW"
        card["thresholds"] = [{"value": value, "color": "RED", "direction": direction}]
    return {"title": title, "scorecard": card}


def _table(title: str, columns: dict[str, str]) -> Json:
    return {
        "title": title,
        "timeSeriesTable": {
            "metricVisualization": "NUMBER",
            "dataSets": [
                {"timeSeriesQuery": _query(query), "tableTemplate": name}
                for name, query in columns.items()
            ],
        },
    }
