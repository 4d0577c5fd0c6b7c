"""Log sinks to two kinds of destination: long operations, plain calls and a shared policy."""

import pulumi

from meshwright import LogSink

config = pulumi.Config()
project = "meshwright-dev"
logs = 'logName:"server-accesslog-stackdriver"'
retention = int(config.get("retention") or 30)

bucket = LogSink(
    "access", {"project": project, "filter": logs, "log_bucket": {"retention_days": retention}}
)
errors = LogSink(
    "errors",
    {"project": project, "filter": "severity>=ERROR", "log_bucket": {"retention_days": 7}},
)
feed = LogSink("feed", {"project": project, "filter": logs, "pubsub": {"retention_days": 1}})
