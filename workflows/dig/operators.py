"""The operators: declared once, for the checks and the reference alike."""

from dataclasses import dataclass, field

from workflows.dig.kinds import (
    ADDRESSES,
    ANY,
    ANY_TEXT,
    ATTACHMENTS,
    BOOLEAN,
    EMPTY_OR_FILE,
    FILE,
    HEADERS,
    LENGTH,
    LISTS,
    MAP,
    NOTHING,
    RENAMES,
    TEXT,
    TEXTS,
    Kind,
    either,
    map_of,
    number,
    one_of,
)

MOST_LOOPS = 1000  # tasks of an attempt
ENGINES = ("presto", "trino", "hive")


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of an operator. Its value may have ${…}, which is computed before the task runs."""

    name: str
    kind: Kind
    help: str
    required: bool = False
    effect: bool = True  # False: taken so that a file need not change, but nothing depends on it here


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two parameters that exclude each other, and why."""

    first: str
    second: str
    why: str


@dataclass(frozen=True, slots=True)
class Operator:
    """What stands before “>”, what its value is, and its parameters."""

    name: str
    help: str
    command: Kind
    params: tuple[Param, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    needs: dict[str, str] = field(default_factory=dict)  # a parameter → the one it cannot be without
    bodies: tuple[str, ...] = ()  # of _do and _else_do; at least one must be there
    file: bool = False  # the value is the path of a file in the project, which is computed as well
    instead: str = ""  # the parameter that holds the file's text if the value is empty
    defaults: str = ""  # the map of _export that gives parameters, such as “td”
    refused: dict[str, str] = field(default_factory=dict)  # parameters of digdag's that are not taken, and why

    @property
    def loops(self) -> bool:
        return self.bodies == ("_do",)

    def param(self, name: str) -> Param | None:
        return next((one for one in self.params if one.name == name), None)


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
    Param("job_retry", number(0), "How often the job is repeated after a fault that passes by itself."),
    Param("presto_pool_name", TEXT, "A resource pool of Treasure Data's.", effect=False),
    Param("hive_pool_name", TEXT, "A resource pool of Treasure Data's.", effect=False),
    Param("engine_version", TEXT, "A version of Treasure Data's engines.", effect=False),
    Param("hive_engine_version", TEXT, "A version of Treasure Data's Hive.", effect=False),
    *ADDRESS,
)
RESULT = (
    Param("download_file", TEXT, "Keeps the result as a CSV file of this name for the task."),
    Param("store_last_results", BOOLEAN, "Keeps the first row as ${td.last_results.COLUMN}."),
    Param("preview", BOOLEAN, "Shows the first 20 rows in the log."),
)
CONNECTION = Param("result_connection", TEXT, "The name of the authentication that the result is exported with.")
SETTINGS = Param("result_settings", MAP, "The settings of the export, as of --result. Secrets are ${secret:name}.")
TWO_TABLES = "One result goes into one table: replaced with create_table, or added to with insert_into"
NO_FILE = "The rows go into the table, so that there are none to download"
BODY_HELP = "The tasks to run."

TD = Operator(
    "td",
    "Runs a query as a job, and exports its result if asked to.",
    EMPTY_OR_FILE,
    (
        *QUERY,
        *RESULT,
        Param("create_table", TEXT, "Writes the result into this table, which is replaced."),
        Param("insert_into", TEXT, "Adds the result to this table, which is made if it is not there."),
        Param("result_url", TEXT, "Where the result is exported to, as JSON or td://… (--result)."),
        CONNECTION,
        SETTINGS,
    ),
    conflicts=(
        Conflict("create_table", "insert_into", TWO_TABLES),
        Conflict("download_file", "create_table", NO_FILE),
        Conflict("download_file", "insert_into", NO_FILE),
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
        Param("empty_tables", TEXTS, "Tables to drop and create anew."),
        Param("drop_tables", TEXTS, "Tables to drop, if they exist."),
        Param("rename_tables", RENAMES, "Tables to rename: [{from: a, to: b}]. A table b is replaced."),
        Param("create_databases", TEXTS, "Databases to create, unless they exist."),
        Param("empty_databases", TEXTS, "Databases to drop and create anew."),
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
IF = Operator(
    "if",
    "Runs _do if the value is true, and _else_do if it is false.",
    BOOLEAN,
    bodies=("_do", "_else_do"),
)
FOR_EACH = Operator(
    "for_each",
    "Runs _do for each combination of the values of its variables.",
    LISTS,
    bodies=("_do",),
)
WHOLE = number(-(10**15), 10**15)
FOR_RANGE = Operator(
    "for_range",
    "Runs _do for each part of a range, with ${range.from}, ${range.to} and ${range.index}.",
    map_of(
        "a map with from, to and either step or slices",
        {"from": WHOLE, "to": WHOLE, "step": number(1), "slices": number(1)},
        required=["from", "to"],
    ),
    bodies=("_do",),
)
LOOP = Operator(
    "loop",
    "Runs _do so many times, with ${i} from 0.",
    number(0, MOST_LOOPS),
    bodies=("_do",),
)
CALL = Operator(
    "call",
    "Runs another workflow's file of the project as subtasks, in the folder of that file.",
    FILE,
)
REQUIRE = Operator(
    "require",
    "Waits for another workflow's session of the same time, and starts it if it has none.",
    TEXT,
    (
        Param("session_time", TEXT, "The session's time, if it is not that of this one."),
        Param("project_id", number(1), "The project of the workflow, if it is not this one."),
        Param("project_name", TEXT, "The same by its name."),
        Param(
            "rerun_on", one_of("none", "failed", "all"), "When a session that has ended is run again; none if absent."
        ),
        Param("ignore_failure", BOOLEAN, "Whether to go on if that workflow failed."),
        Param("params", MAP, "Variables for the session that is started."),
        Param("retry_attempt_name", TEXT, "A name that makes a further attempt of a session possible."),
    ),
    conflicts=(Conflict("project_id", "project_name", "Name the project once"),),
)
ECHO = Operator("echo", "Writes the text to the log.", ANY_TEXT)
FAIL = Operator("fail", "Fails, with the text as ${error.message}.", either("text", ANY_TEXT, NOTHING))
WAIT = Operator(
    "wait",
    "Waits for so long.",
    LENGTH,
    (
        Param("poll_interval", LENGTH, "How often digdag looks whether the time has passed.", effect=False),
        Param("blocking", BOOLEAN, "Whether digdag keeps a thread waiting.", effect=False),
    ),
    conflicts=(Conflict("blocking", "poll_interval", "digdag takes one of them"),),
)
OWN_MAIL = "Mail is sent with the server's own settings (EMAIL_URL). Remove it"
MAIL = Operator(
    "mail",
    "Sends a mail.",
    EMPTY_OR_FILE,
    (
        Param("subject", ANY_TEXT, "The subject.", required=True),
        Param("to", ADDRESSES, "The addresses.", required=True),
        Param("cc", ADDRESSES, "Those who get a copy."),
        Param("bcc", ADDRESSES, "Those who get a copy that the others do not see."),
        Param("from", TEXT, "The sender, if the server lets one choose."),
        Param("html", BOOLEAN, "Whether the text is HTML."),
        Param("body", ANY_TEXT, "The text, where mail>: has no file and no data."),
        Param("attach_files", ATTACHMENTS, "Files of the project to attach."),
        Param("debug", BOOLEAN, "Whether digdag logs the exchange.", effect=False),
    ),
    file=True,
    instead="body",
    defaults="mail",
    refused=dict.fromkeys(("host", "port", "username", "password", "tls", "ssl"), OWN_MAIL),
)
HTTP = Operator(
    "http",
    "Sends an HTTP request, and fails unless the answer is a success.",
    TEXT,
    (
        Param("method", TEXT, "GET if absent."),
        Param("content", ANY, "The body: text, or a list or map that is sent as JSON."),
        Param("content_format", one_of("text", "json", "form"), "How the body is written."),
        Param("content_type", TEXT, "The header Content-Type, if not that of the format."),
        Param("query", either("a map or text", TEXT, MAP), "What follows the ? of the address."),
        Param("headers", HEADERS, "More headers: a list of name and value."),
        Param("store_content", BOOLEAN, "Keeps the answer as ${http.last_content}."),
        Param("retry", BOOLEAN, "Whether to try again after a fault that may pass; GET does if absent."),
        Param("timeout", number(1), "Seconds; 30 if absent."),
        Param("follow_redirects", BOOLEAN, "Whether to go where the answer points to; true if absent."),
    ),
    defaults="http",
    refused={
        "insecure": "A certificate is always checked. Remove it",
        "proxy": "Requests leave by the server's own way. Remove it",
    },
)

OPERATORS = {
    one.name: one
    for one in (
        TD,
        TD_RUN,
        TD_FOR_EACH,
        TD_DDL,
        TD_RESULT_EXPORT,
        TD_WAIT,
        IF,
        FOR_EACH,
        FOR_RANGE,
        LOOP,
        CALL,
        REQUIRE,
        ECHO,
        FAIL,
        WAIT,
        MAIL,
        HTTP,
    )
}
