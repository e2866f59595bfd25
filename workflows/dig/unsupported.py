"""Digdag's operators that are not run here: what each is, and what can be used instead."""

CODE = "It runs code of yours, and workflows here run no code."
LOAD = "Upload the file in Data Workbench, or import it with the API or `linecapi import`."
SOURCE = "Connect the source under Integrations Hub, and query it with td>."
CLOUD = "Workflows here do not reach services of that cloud."

UNSUPPORTED: dict[str, tuple[str, str]] = {  # name → what it does, and why not or what instead
    "py": (
        "runs Python",
        CODE + " What can be said in SQL, say with td>; a service of your own can be called with http>.",
    ),
    "sh": ("runs a shell command", CODE + " A service of your own can be called with http>."),
    "rb": ("runs Ruby", CODE + " A service of your own can be called with http>."),
    "docker": ("runs a container", CODE),
    "embulk": ("loads data with Embulk", LOAD),
    "td_load": ("loads data from elsewhere into a table", LOAD),
    "td_table_export": (
        "writes a table to Amazon S3",
        "Use td> with result_connection, which exports a query's result.",
    ),
    "td_wait_table": (
        "waits until a table has rows",
        "Use td_wait> with a query such as SELECT count(*) >= 1000 FROM events.",
    ),
    "td_partial_delete": (
        "deletes a range of time from a table",
        "Write the rows that stay into a table with td> and create_table.",
    ),
    "http_call": (
        "takes tasks from the answer of a web service",
        "Use http> with store_content: true, and if> or for_each> on ${http.last_content}.",
    ),
    "param_set": ("keeps a variable for other sessions", "Keep it in a table with td> and insert_into."),
    "param_get": (
        "reads a variable that another session kept",
        "Read it from a table with td> and store_last_results: true.",
    ),
    "notify": ("sends a notification", "Use mail> or http>."),
    "slack": ("posts to Slack", "Use http> with the address of a Slack webhook."),
    "pg": ("runs a query in PostgreSQL", SOURCE),
    "redshift": ("runs a query in Amazon Redshift", CLOUD),
    "redshift_load": ("loads a table of Amazon Redshift", CLOUD),
    "redshift_unload": ("unloads a table of Amazon Redshift", CLOUD),
    "s3_wait": ("waits for a file on Amazon S3", CLOUD),
    "s3_copy": ("copies a file on Amazon S3", CLOUD),
    "s3_delete": ("deletes a file on Amazon S3", CLOUD),
    "s3_move": ("moves a file on Amazon S3", CLOUD),
    "emr": ("runs jobs on Amazon EMR", CLOUD),
    "bq": ("runs a query in BigQuery", CLOUD),
    "bq_ddl": ("changes tables of BigQuery", CLOUD),
    "bq_load": ("loads a table of BigQuery", CLOUD),
    "bq_extract": ("writes a table of BigQuery to a file", CLOUD),
    "gcs_wait": ("waits for a file on Google Cloud Storage", CLOUD),
}


def refusal(name: str) -> str | None:
    """The sentence for an operator that digdag has and this console has not; None for any other."""
    if name not in UNSUPPORTED:
        return None
    does, instead = UNSUPPORTED[name]
    return f"{name}> {does}; it is not supported. {instead}"
