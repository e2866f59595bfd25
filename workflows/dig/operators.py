"""The operators: declared once, for the checks and the reference alike."""

from workflows.dig.declared import Conflict, Operator, Param
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
    TEXT,
    either,
    map_of,
    number,
    one_of,
)
from workflows.dig.td_operators import TD_OPERATORS

MOST_LOOPS = 1000  # tasks of an attempt

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
        Param("from", TEXT, "The sender, if its domain is that of DEFAULT_FROM_EMAIL; else answers go there."),
        Param("html", BOOLEAN, "Whether the text is HTML."),
        Param("body", ANY_TEXT, "The text, where mail>: has no file and no data."),
        Param(
            "attach_files",
            ATTACHMENTS,
            "Files of the project, or downloaded by tasks before it; 10 MB together at most.",
        ),
        Param("debug", BOOLEAN, "Whether digdag logs the exchange.", effect=False),
    ),
    file=True,
    instead="body",
    defaults="mail",
    refused=dict.fromkeys(("host", "port", "username", "password", "tls", "ssl"), OWN_MAIL),
)
HTTP = Operator(
    "http",
    "Sends an HTTP request to a host of WORKFLOW_HTTP_HOSTS, and fails unless the answer is a success.",
    TEXT,
    (
        Param("method", TEXT, "GET if absent."),
        Param("content", ANY, "The body: text, or a list or map that is sent as JSON."),
        Param("content_format", one_of("text", "json", "form"), "How the body is written."),
        Param("content_type", TEXT, "The header Content-Type, if not that of the format."),
        Param("query", either("a map or text", TEXT, MAP), "What follows the ? of the address."),
        Param("headers", HEADERS, "More headers: a list of name and value."),
        Param("store_content", BOOLEAN, "Keeps the answer as ${http.last_content}."),
        Param(
            "retry", BOOLEAN, "Whether to try again after a fault that may pass; GET, HEAD and OPTIONS do if absent."
        ),
        Param("timeout", number(1, 600), "Seconds for all of it; 30 if absent."),
        Param("follow_redirects", BOOLEAN, "Whether to go where the answer points to; true if absent."),
    ),
    defaults="http",
    refused={
        "insecure": "A certificate is always checked. Remove it",
        "proxy": "Requests leave by the server's own way. Remove it",
    },
)

OPERATORS = {
    one.name: one for one in (*TD_OPERATORS, IF, FOR_EACH, FOR_RANGE, LOOP, CALL, REQUIRE, ECHO, FAIL, WAIT, MAIL, HTTP)
}
