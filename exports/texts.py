"""A text that can run: its database, and how it is read."""

from dataclasses import dataclass, replace

from exports.models import EngineType, Job, Query
from integrations.models import Authentication
from warehouse.engines.base import QueryRejected
from warehouse.models import Database
from warehouse.sql.statements import Statement, statements


@dataclass(frozen=True)
class Text:
    """`source`: what runs it, if `engine` is EngineType.SOURCE. `time_zone`: an IANA name."""

    database: Database
    sql: str
    time_zone: str = "UTC"
    engine: str = EngineType.TRINO
    source: Authentication | None = None

    @property
    def key(self) -> list[str | int | None]:
        """What tells it from other texts."""
        source = self.source.pk if self.source else None
        return [self.database.pk, self.time_zone, self.engine, source, self.sql]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """At least one. Raises QueryRejected."""
        return statements(self.sql, dialect=self.engine)

    def readable_part(self) -> "Text":
        """The SELECT of the last statement, which runs without writing anything. Raises QueryRejected."""
        last = self.statements[-1]
        if not last.sql:
            raise QueryRejected("DROP TABLE has no rows to show. Run does what it says.", line=last.line, column=1)
        return replace(self, sql=last.sql)


def of(query: Query) -> Text:
    """The saved text."""
    return Text(query.database, query.sql, query.time_zone, query.engine, query.source)


def engine_words(engine: str, source_name: str) -> str:
    """How people call it: "Trino (TD-compatible)", or the source's name."""
    return source_name if engine == EngineType.SOURCE else EngineType(engine).label


def engine_of_job(job: Job) -> str:
    return engine_words(job.engine, job.source_name)
