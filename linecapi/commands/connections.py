from linecapi import printing
from linecapi.declared import Call, command, option
from linecapi.options import file_or_text

NAME = option("name", metavar="NAME", help="the authentication's name")


@command(
    "connection:list",
    "List authentications, the targets that -r can name",
    examples=("", "--json"),
    aliases=("connections", "result:list", "results"),
)
def connection_list(call: Call) -> None:
    """Secrets are never shown."""
    found = [{"name": name, "url": printing.masked(url)} for name, url, _ in call.td.list_result()]
    if call.json:
        printing.as_json(found)
    else:
        printing.table(("Name", "URL"), [(connection["name"], connection["url"]) for connection in found])


@command(
    "connection:create",
    "Create an authentication",
    NAME,
    option("url", metavar="JSON|@FILE", help="type and settings, or a file with them (no history keeps that)"),
    examples=("line_capi_test @line.json", """line_capi_test '{"type": "line_conversion", "line_tag_id": …}'"""),
    aliases=("result:create",),
)
def connection_create(call: Call) -> None:
    call.td.create_result(call.args.name, file_or_text(call.args.url) or "")
    call.tell(f"Authentication '{call.args.name}' is created.", name=call.args.name)


@command(
    "connection:delete", "Delete an authentication", NAME, examples=("line_capi_test",), aliases=("result:delete",)
)
def connection_delete(call: Call) -> None:
    call.td.delete_result(call.args.name)
    call.tell(f"Authentication '{call.args.name}' is deleted.", name=call.args.name)
