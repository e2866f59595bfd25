"""What the child does with a query on PostgreSQL: check it, connect, check the role, let the server bind it, stream."""
# ruff: noqa: S608 (names in this SQL go through quoted(), and the user's own text is what is to run)

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from adbc_driver_postgresql import StatementOptions

from warehouse.engines import postgresql_errors, postgresql_types, sqlcheck
from warehouse.engines.arrowwords import word
from warehouse.engines.base import Cancelled, QueryRejected
from warehouse.engines.postgresql_errors import PREFIX
from warehouse.engines.postgresql_session import admit, connect
from warehouse.engines.querytext import plain_spaces, quoted
from warehouse.engines.resultcolumns import refuse_repeated, result_column
from warehouse.engines.sourcework import Telling, say_schema
from warehouse.engines.sqlcheck import Parsed

_BATCH_BYTES = 4 * 1024 * 1024
# On top of the role check: functions that reach files, other sessions or other servers, change settings, take locks,
# or run a text as SQL, which nobody has checked.
_DENIED = re.compile(
    r"pg_read_.*|pg_ls_.*|pg_stat_file|pg_file_.*|pg_logdir_ls|lo_.*|loread|lowrite|dblink.*|set_config|setval|nextval"
    r"|pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_logfile.*|pg_(try_)?advisory_.*|pg_notify|pg_promote"
    r"|pg_(backup_)?(start|stop)(_backup)?|pg_create_.*|pg_drop_.*|pg_copy_.*|pg_switch_wal|pg_wal_replay_.*"
    r"|pg_logical_.*|pg_replication_.*|pg_export_snapshot|pg_log_.*|pg_prewarm|pg_import_system_collations"
    r"|query_to_xml.*|cursor_to_xml.*|ts_stat|ts_rewrite|crosstab.*|connectby|xpath_table|txid_current|pg_current_xact_id"
)


def query(job: dict[str, Any]) -> dict[str, Any]:
    """Run the query: says `schema` and `progress`, writes the rows, returns how many there were."""
    telling = Telling(job)
    parsed = _parse(job)
    connection = connect(job)
    admit(connection)
    bound = _bind(connection, parsed)
    text, before = _to_run(parsed, bound, job["order_by"])
    schema = postgresql_types.schema(bound, job["time_zone"])
    cursor = connection.cursor()
    telling.cancel = cursor.adbc_cancel
    say_schema(schema, ordered=parsed.ordered)
    try:
        return {"rows": telling.stream(schema, _batches(cursor, text, schema))}
    except (adbc.Error, pa.ArrowException, OSError) as error:
        if telling.stopping.is_set():
            raise Cancelled("The query was cancelled.") from error
        raise postgresql_errors.while_running(error, parsed.text, before) from error


def check(job: dict[str, Any]) -> dict[str, Any]:
    """Parse and bind the query, and return its tables, columns and whether it is ordered."""
    Telling(job)
    parsed = _parse(job)
    connection = connect(job)
    admit(connection)
    bound = _bind(connection, parsed)
    columns = [(field.name, word(field.type)) for field in postgresql_types.schema(bound, job["time_zone"])]
    text, _ = _to_run(parsed, bound, None)
    return {"tables": parsed.tables, "columns": columns, "ordered": parsed.ordered, "text": text}


def test(job: dict[str, Any]) -> dict[str, Any]:
    """Connect and say what was found; raises what is wrong with the connection or its role."""
    Telling(job)
    return {"says": admit(connect(job)).says}


def _parse(job: dict[str, Any]) -> Parsed:
    """The query as it may run. What sqlglot cannot read, the server may explain better: preparing runs nothing."""
    sql = plain_spaces(job["sql"])
    try:
        return sqlcheck.parse(sql, dialect="postgres", schema="public", denied=_DENIED)
    except QueryRejected as refusal:
        if refusal.line and "cannot be read" in refusal.message:
            with suppress(adbc.Error), connect(job) as connection:
                _bind(connection, Parsed(sql, (), False))
        raise


def _bind(connection: Any, parsed: Parsed) -> pa.Schema:
    """The columns of the query as the driver names them; QueryRejected with its place if there are none."""
    with connection.cursor() as cursor:
        try:
            bound = cursor.adbc_execute_schema(parsed.text)
        except adbc.Error as error:
            raise postgresql_errors.while_binding(error, parsed.text) from error
    if not bound.names:
        raise QueryRejected("The query has no columns. Name some after SELECT.")
    refuse_repeated(bound.names)
    return bound


def _to_run(parsed: Parsed, bound: pa.Schema, order_by: str | None) -> tuple[str, int]:
    """(the text that is run, how many characters stand before the user's own in what the server gets)."""
    expressions = postgresql_types.expressions(bound)
    order = ""
    if order_by and not parsed.ordered:
        order = f" ORDER BY unordered.{quoted(result_column(bound.names, order_by))} ASC NULLS LAST"
    if not order and all(each == "{}" for each in expressions):
        return f"{parsed.text}\n", len(PREFIX)
    columns = ", ".join(_column(name, each) for name, each in zip(bound.names, expressions, strict=True))
    opening = f"SELECT {columns} FROM (\n"
    return f"{opening}{parsed.text}\n) AS unordered{order}", len(PREFIX) + len(opening)


def _column(name: str, expression: str) -> str:
    return f"{expression.replace('{}', f'unordered.{quoted(name)}')} AS {quoted(name)}"


def _batches(cursor: Any, text: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)})
    cursor.execute(text)
    # fetch_record_batch() would give Arrow's reader, whose errors have lost the server's code and place.
    for batch in cursor._results.reader:
        yield postgresql_types.converted(batch, schema)
