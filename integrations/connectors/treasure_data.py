"""Treasure Data's Trino endpoint as a source."""

from collections.abc import Mapping
from typing import Any

from integrations.declared import Setting, Source
from warehouse.engines.trino import TreasureDataEngine, endpoint

SITES = (
    ("treasuredata.com", "US (treasuredata.com)"),
    ("treasuredata.co.jp", "Tokyo (treasuredata.co.jp)"),
    ("eu01.treasuredata.com", "EU (eu01.treasuredata.com)"),
    ("ap02.treasuredata.com", "Asia Pacific 2 (ap02.treasuredata.com)"),
    ("ap03.treasuredata.com", "Asia Pacific 3 (ap03.treasuredata.com)"),
)


def _server(settings: Mapping[str, Any]) -> tuple[str, int]:
    return endpoint(settings.get("site") or SITES[1][0]), 443


SOURCE = Source(
    key="treasure_data",
    name="Treasure Data",
    category="Source",
    icon="cloud-data-connection",
    description=(
        "Query the databases of a Treasure Data account through its Trino endpoint, with TD_TIME_RANGE and the other "
        "TD functions run by Treasure Data itself."
    ),
    settings=(
        Setting(
            name="site",
            label="Site",
            kind="choice",
            stage="credentials",
            required=True,
            default=SITES[1][0],
            choices=SITES,
            help="The address at which you open the account's console ends so.",
        ),
        Setting(
            name="database",
            label="Database",
            kind="text",
            stage="credentials",
            required=True,
            max_length=255,
            help="Where tables are that a query names without a database.",
        ),
        Setting(
            name="api_key",
            label="API key",
            kind="secret",
            stage="credentials",
            required=True,
            pattern=r"[\x21-\x7e]+",
            pattern_says="one line without spaces",
        ),
    ),
    engine=TreasureDataEngine,
    tests="Runs SELECT 1 with this key.",
    server=_server,
    address=lambda s: f"{s.get('database', '')} at {s.get('site') or SITES[1][0]}",
    token_steps=(
        "Open Treasure Data's console, then My Settings and API Keys.",
        "Make a query-only key for a user whose policies give it just the databases that queries here need.",
        "Where the account restricts addresses, allow those of this server.",
    ),
)
