"""What `make demo` sets up: a user, a sample shop's events, an authentication, a query with an export, and a parent
segment with a segment."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts.models import Role, User
from audiences import parents, segments
from audiences.definitions import Behavior, Column, Definition, Master
from audiences.models import ParentSegment
from exports import queries
from exports.models import Query
from exports.targets import Target
from exports.texts import Text
from integrations.connectors.line_conversion import CONNECTOR
from integrations.models import Authentication
from warehouse.models import Database

DATABASE, TABLE, MEMBERS = "shop_jp", "line_capi_tbl", "members"
QUERY = "daily_events_to_line"
TAG, TOKEN, CHANNEL = "demo-tag", "demo-token", "1234567890"  # known to the local sandbox only
SQL = """-- Every event of the shop, as LINE conversion events
select referrer, ip_address, title, user_agent, url, deduplication_key, event_type, event_name, source_type,
       event_timestamp, browser_id, click_id, phone, ifa, external_id, line_uid, email
from line_capi_tbl
"""
PARENT_SEGMENT = "Shop members"
EVENTS = {
    "type": "And",
    "conditions": [
        {"type": "Column", "column": name, "operator": operator}
        for name, operator in {
            "event_name": {"type": "Equal", "rightValue": "Purchase"},
            "time": {"type": "TimeWithinPast", "value": 7, "unit": "day"},
        }.items()
    ],
}
BOUGHT = {
    "type": "Value",
    "leftValue": {
        "name": "",
        "source": {"name": "behavior_events"},
        "aggregation": {"type": "Count"},
        "filter": EVENTS,
    },
    "operator": {"type": "GreaterEqual", "rightValue": 1},
}


@dataclass(frozen=True)
class DemoUser:
    user: User
    password: str


def user() -> DemoUser:
    """The user `demo`, whose password is kept beside the data, so that a second run prints the same one."""
    file = Path(settings.DATA_DIR) / "demo-password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(12))
    password = file.read_text()
    demo, _ = User.objects.get_or_create(username="demo", defaults={"role": Role.ADMIN})
    if not demo.check_password(password):
        demo.set_password(password)
        demo.save()
    return DemoUser(demo, password)


def authentication(demo: User) -> Authentication:
    """Credentials that the local sandbox takes."""
    saved, made = Authentication.objects.get_or_create(
        name="line_capi_output_test",
        defaults={
            "connector_key": CONNECTOR.key,
            "settings": {"line_tag_id": TAG, "line_channel_id": CHANNEL},
            "created_by": demo,
        },
    )
    if made:
        saved.set_secrets({"access_token": TOKEN}, at=timezone.now())
        saved.save()
    return saved


def query(demo: User) -> Query:
    """A saved query of the sample table whose result goes to LINE, each field from the column of its name."""
    saved = Query.objects.saved().filter(name=QUERY).first()
    if saved:
        return saved
    target = Target(
        authentication=authentication(demo),
        mapping={f.name: {"column": f.name} for f in CONNECTOR.main_fields},
        settings={s.name: s.default for s in CONNECTOR.settings_of("export")},
    )
    text = Text(Database.objects.get(name=DATABASE), SQL, "Asia/Tokyo")
    return queries.create(queries.Draft(QUERY, text, target), user=demo)


def audience(demo: User) -> None:
    """A parent segment of the shop's members with what they did, which its first job builds, and a segment of it."""
    if ParentSegment.objects.filter(name=PARENT_SEGMENT).exists():
        return
    columns = tuple(Column(name, name) for name in ("event_name", "item_name", "total_jpy"))
    did = Behavior("Events", DATABASE, TABLE, "external_id", "member_id", "time", columns)
    definition = Definition(Master(DATABASE, MEMBERS, "member_id"), behaviors=(did,))
    parent, _ = parents.create(parents.Plan(PARENT_SEGMENT, definition, time_zone="Asia/Tokyo"), user=demo)
    rule = {"type": "And", "conditions": [BOUGHT]}
    segments.create(parent, segments.Draft("Bought within the last 7 days", "", None, rule), user=demo)
