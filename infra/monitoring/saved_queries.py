"""The queries that operators find saved in CloudWatch Logs Insights. They cost nothing until they run."""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.monitoring.monitored import LogGroups, Monitored
from infra.monitoring.queries import SAVED, Source

TYPE = "AWS::Logs::QueryDefinition"


class SavedQueries(Construct):
    """The saved queries, in a folder with the stack's name. There are none on a platform without them."""

    def __init__(self, scope: Construct, id_: str, *, monitored: Monitored) -> None:
        super().__init__(scope, id_)
        if not monitored.environment.platform.has(TYPE):
            return
        for query in SAVED:
            logs.CfnQueryDefinition(
                self,
                "".join(word.capitalize() for word in query.name.split()),
                name=f"{monitored.stack_name}/{query.name}",
                query_string=query.text,
                log_group_names=log_group_names(query.source, monitored.log_groups),
            )


def log_group_names(source: Source, groups: LogGroups) -> list[str]:
    """The names of the log groups that queries of `source` read."""
    found = {
        Source.EVERYTHING: groups,
        Source.ANSWERS: (groups.chat, groups.worker),
        Source.CALLS: (groups.chat, groups.resources, groups.worker),
        Source.CHAT: (groups.chat,),
    }
    return [group.log_group_name for group in found[source]]
