"""What LINE takes but may not measure, and what a change of the query mends."""

from integrations.connectors.line_conversion.fields import IDENTIFIERS
from integrations.spec import Lacking, OlderThan, OnlyWeak, RefusedFor, Repeated

DAY = 86400

WARNINGS = (
    OlderThan(
        "event_timestamp",
        30 * DAY,
        "Older than 30 days",
        "LINE dates a conversion by its arrival and counts by default those within 30 days of the ad press: older "
        "events may be outside the measurement window. Send events soon after they happen.",
    ),
    OnlyWeak(
        IDENTIFIERS,
        ("browser_id", "external_id"),
        "Only browser_id or external_id as identifiers",
        "LINE may know nobody by these alone. Send line_uid, click_id, ifa, phone or email too where you have them.",
    ),
    Lacking(
        "event_name",
        "Purchase",
        "value",
        "Purchase without a value",
        "LINE counts the event, but cannot add up what was bought. Map a column to the field value.",
        code="no_value",
    ),
    Repeated(
        ("event_name", "deduplication_key"),
        "The event_name and deduplication_key of an earlier row",
        "LINE keeps the first event and drops the later ones; only the later ones are counted here. Give each event a "
        "key of its own, or take repeats out in the query.",
    ),
    RefusedFor(
        "event_timestamp",
        "milliseconds",
        "Time in milliseconds: not sent, as LINE wants seconds",
        "Write in the query:",
        template="floor({column} / 1000) AS {column}",
    ),
)
