"""The operators of Treasure Data, td> and its like."""

from workflows.dig.declared import Conflict, Operator, Param
from workflows.dig.kinds import (
    ANY_TEXT,
    BOOLEAN,
    EMPTY_OR_FILE,
    LENGTH,
    MAP,
    NOTHING,
    RENAMES,
    TEXT,
    TEXTS,
    either,
    number,
    one_of,
)

ENGINES = ("presto", "trino", "hive")
MOST_RETRIES = 32  # of a job

DATABASE = Param("database", TEXT, "The database that the query runs in; else td.database of _export.")
ADDRESS = (
    Param("endpoint", TEXT, "The address of Treasure Data's API. Jobs run in this console.", effect=False),
    Param("use_ssl", BOOLEAN, "Whether that address is asked over https.", effect=False),
)
QUERY = (
    DATABASE,
    Param("query", ANY_TEXT, "The SQL, where td>: has no file. ${…} in it is computed."),
    Param("engine", one_of(*ENGINES), "presto (default), trino or hive: how the SQL is read."),
    Param("priority", number(-2, 2), "From -2 (very low) to 2 (very high); 0 if absent."),
    Param("job_retry", number(0, MOST_RETRIES), "How often the job is repeated after a fault that passes by itself."),
    Param("presto_pool_name", TEXT, "A resource pool of Treasure Data's.", effect=False),
    Param("hive_pool_name", TEXT, "A resource pool of Treasure Data's.", effect=False),
    Param("engine_version", TEXT, "A version of Treasure Data's engines.", effect=False),
    Param("hive_engine_version", TEXT, "A version of Treasure Data's Hive.", effect=False),
    *ADDRESS,
)
DOWNLOAD = "download_file"
RESULT = (
    Param("store_last_results", BOOLEAN, "Keeps the first row as ${td.last_results.COLUMN}."),
    Param("preview", BOOLEAN, "Shows the first 20 rows in the log."),
    Param(DOWNLOAD, TEXT, "Keeps the result as a CSV file of this path, for mail> in the tasks after it."),
)
CONNECTION = Param("result_connection", TEXT, "The name of the authentication that the result is exported with.")
SETTINGS = Param("result_settings", MAP, "The settings of the export, as of --result. Secrets are ${secret:name}.")
TWO_TABLES = "One result goes into one table: replaced with create_table, or added to with insert_into"
ONE_PLACE = "The result of a query goes to one place"
NO_ROWS = "What is written into a table is not kept as a file"

TD = Operator(
    "td",
    "Runs a query as a job, and exports its result if asked to.",
    EMPTY_OR_FILE,
    (
        *QUERY,
        *RESULT,
        Param("create_table", TEXT, "Writes the result into this table, which is replaced."),
        Param(
            "insert_into",
            TEXT,
            "Adds the result to this table, by column names or else places. It is made if missing.",
        ),
        Param("result_url", TEXT, "Where the result is exported to, as JSON or td://… (--result)."),
        CONNECTION,
        SETTINGS,
    ),
    conflicts=(
        Conflict("create_table", "insert_into", TWO_TABLES),
        Conflict("result_url", "result_connection", ONE_PLACE),
        Conflict("create_table", "result_connection", ONE_PLACE),
        Conflict("create_table", "result_url", ONE_PLACE),
        Conflict("insert_into", "result_connection", ONE_PLACE),
        Conflict("insert_into", "result_url", ONE_PLACE),
        Conflict("create_table", DOWNLOAD, NO_ROWS),
        Conflict("insert_into", DOWNLOAD, NO_ROWS),
    ),
    needs={"result_settings": "result_connection"},
    file=True,
    instead="query",
    defaults="td",
)
TD_RUN = Operator(
    "td_run",
    "Runs a saved query by its name or number.",
    either("the name or number of a saved query", TEXT),
    (
        Param("session_time", TEXT, "The time that the query is run for; that of the session if absent."),
        *RESULT,
        DATABASE,
        *ADDRESS,
    ),
    defaults="td",
)
TD_FOR_EACH = Operator(
    "td_for_each",
    "Runs _do once for each row of a query, with ${td.each.COLUMN}.",
    EMPTY_OR_FILE,
    QUERY,
    bodies=("_do",),
    file=True,
    instead="query",
    defaults="td",
)
TD_WAIT = Operator(
    "td_wait",
    "Repeats a query until the first column of its first row is true or a number other than 0.",
    EMPTY_OR_FILE,
    (*QUERY, Param("interval", LENGTH, "The time between two queries, at least 30s; 10m if absent.")),
    file=True,
    instead="query",
    defaults="td",
)
TD_DDL = Operator(
    "td_ddl",
    "Creates, empties, drops and renames tables and databases.",
    NOTHING,
    (
        Param("create_tables", TEXTS, "Tables to create, unless they exist."),
        Param("empty_tables", TEXTS, "Tables to take all rows and columns out of, or to create."),
        Param("drop_tables", TEXTS, "Tables to drop, if they exist."),
        Param("rename_tables", RENAMES, "Tables to rename: [{from: a, to: b}]. A table b is replaced."),
        Param("create_databases", TEXTS, "Databases to create, unless they exist."),
        Param("empty_databases", TEXTS, "Databases to drop all tables of, or to create."),
        Param("drop_databases", TEXTS, "Databases to drop, if they exist."),
        DATABASE,
        *ADDRESS,
    ),
    defaults="td",
)
TD_RESULT_EXPORT = Operator(
    "td_result_export",
    "Exports the result of a finished job.",
    NOTHING,
    (
        Param("job_id", TEXT, "The job; the last one is ${td.last_job_id}.", required=True),
        Param(CONNECTION.name, TEXT, CONNECTION.help, required=True),
        Param(SETTINGS.name, MAP, SETTINGS.help, required=True),
        DATABASE,
        *ADDRESS,
    ),
)

TD_OPERATORS = (TD, TD_RUN, TD_FOR_EACH, TD_DDL, TD_RESULT_EXPORT, TD_WAIT)
