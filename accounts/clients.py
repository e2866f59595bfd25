"""How Treasure Data's clients are pointed at this console, as My Settings shows it."""

from dataclasses import dataclass

ENVIRONMENT = """\
export TD_API_SERVER={server}
export TD_API_KEY=YOUR_KEY"""

TD_CLIENT = """\
import tdclient

with tdclient.Client() as td:
    job = td.query("DATABASE", "SELECT * FROM orders", type="trino", result_url="AUTHENTICATION")
    job.wait()
    print(job.status(), td.job_result(job.job_id))"""

PYTD = """\
import pandas, pytd

td = pytd.Client(database="DATABASE")
orders = pandas.read_csv("orders.csv")
td.load_table_from_dataframe(orders, "orders", writer="bulk_import", if_exists="append")
print(td.query("SELECT count(*) FROM orders", force_tdclient=True))"""

TOOLBELT = """\
td db:list
td query -d DATABASE -T trino -w "SELECT count(*) FROM orders"
td query -d DATABASE -T trino -w --result AUTHENTICATION -q purchases.sql"""

DIGDAG = """\
# purchases.dig; the key: digdag secrets --local --set td.apikey
_export:
  td:
    endpoint: {server}
    use_ssl: {tls}
    database: DATABASE
    engine: presto

+send:
  td>: purchases.sql
  result_connection: AUTHENTICATION"""

WORKFLOWS = """\
# in ~/.config/digdag/config
client.http.endpoint = {server}
client.http.headers.authorization = TD1 YOUR_KEY

digdag push PROJECT
digdag start PROJECT WORKFLOW --session now
digdag log ATTEMPT --follow"""

CURL = """\
curl -H "Authorization: TD1 $TD_API_KEY" "$TD_API_SERVER/v3/user/show"
curl -H "Authorization: TD1 $TD_API_KEY" "$TD_API_SERVER/v3/job/issue/trino/DATABASE" \\
  --data-urlencode "query=SELECT count(*) FROM orders\""""


@dataclass(frozen=True)
class Example:
    """`key`: its name in the page. `note`: what to know before, in HTML of our own."""

    key: str
    name: str
    text: str
    note: str = ""

    @property
    def code_id(self) -> str:
        return f"c-{self.key}"


def examples(server: str) -> list[Example]:
    """`server`: the address of this console, without a slash at its end."""
    tls = str(server.startswith("https:")).lower()
    return [
        Example("tdclient", "td-client", TD_CLIENT, "With <code>result_url</code> the rows go on to that destination."),
        Example(
            "pytd",
            "pytd",
            PYTD,
            "Queries need <code>force_tdclient=True</code>: otherwise pytd asks a Presto server of Treasure Data, "
            'which this console has none of. Loading needs <code>writer="bulk_import"</code>.',
        ),
        Example(
            "toolbelt",
            "Toolbelt",
            TOOLBELT,
            "Set <code>TD_API_SERVER</code>: not every command reads <code>td server:endpoint</code>.",
        ),
        Example(
            "digdag",
            "digdag",
            DIGDAG.format(server=server, tls=tls),
            "For a digdag of your own. It reads no environment: its endpoint stands in the workflow, its key among its "
            "secrets.",
        ),
        Example(
            "workflows",
            "digdag push",
            WORKFLOWS.format(server=server),
            "Workflows that this console runs, in its <i>Workflows</i>. <code>linecapi wf:push</code> needs no digdag.",
        ),
        Example("curl", "curl", CURL, "Every call stands in the API reference."),
    ]


def environment(server: str) -> str:
    return ENVIRONMENT.format(server=server)
