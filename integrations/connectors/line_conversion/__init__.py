"""LINE Conversion API: settings, event fields, rules and answers.

Sources: LINE's public reference of the Conversion API v1 and its server-tag template.
"""

from integrations.connectors.line_conversion.fields import ADDITIONAL, FIELDS, GROUPS, PARTS, RECORD_RULES
from integrations.connectors.line_conversion.settings import SETTINGS, TOKEN_STEPS
from integrations.connectors.line_conversion.synonyms import SYNONYMS
from integrations.connectors.line_conversion.warnings import WARNINGS
from integrations.spec import Advice, Answer, Connector, Header, Limits

CONNECTOR = Connector(
    key="line_conversion",
    name="LINE Conversion API",
    category="Advertising",
    icon="message-2",
    description=(
        "Send web and app conversion events from the server to a LINE Tag, without relying on cookies. Phone numbers "
        "and email addresses are hashed with SHA-256 before they leave this server."
    ),
    settings=SETTINGS,
    fields=FIELDS,
    groups=GROUPS,
    parts=PARTS,
    record_rules=RECORD_RULES,
    warnings=WARNINGS,
    # LINE takes 300 MB, and says neither of which size nor whether headers count: a margin, as a 400 costs a search.
    limits=Limits(events=100_000, bytes=295_000_000),
    path="/v1/{line_tag_id}/events",
    headers=(
        Header("X-Line-TagAccessToken", "access_token"),
        Header("X-Line-ChannelID", "line_channel_id", when_field="line_uid"),
    ),
    answers={
        202: Answer.ACCEPTED,
        400: Answer.DIVIDE,
        401: Answer.STOP,
        403: Answer.STOP,
        404: Answer.STOP,
        429: Answer.WAIT,
        500: Answer.RETRY,
        502: Answer.RETRY,
        503: Answer.RETRY,
        504: Answer.RETRY,
    },
    advice={
        202: Advice("LINE received every event."),
        400: Advice("LINE refused the request: at least one event in it is invalid."),
        401: Advice(
            "LINE refused the access token (401).",
            "It may have been reissued, or belong to another tag. Paste a new token in the authentication and test it, "
            "or in the settings that the query or the workflow gives.",
        ),
        403: Advice(
            "LINE forbids this access (403).",
            "Check in LINE Business Manager that the Conversion API terms are accepted and that the tag is active.",
        ),
        404: Advice("LINE does not know this tag (404).", "Check the LINE Tag ID in the authentication."),
        429: Advice("LINE asks to slow down (429).", "Nothing to do: the job goes on by itself."),
        500: Advice("LINE had a server error (500); some events may already be in."),
        502: Advice("LINE's gateway failed (502); some events may already be in."),
        503: Advice("LINE is unavailable (503); some events may already be in."),
        504: Advice("LINE's gateway timed out (504); some events may already be in."),
    },
    undocumented=Advice(
        "LINE gave an answer that its documentation does not know.",
        "The job stopped to be safe. Look at the code, and go on when it is understood.",
    ),
    unreachable=Advice(
        "LINE cannot be reached.",
        "Check that outgoing HTTPS to LINE is open from this server.",
    ),
    synonyms=SYNONYMS,
    key_field="deduplication_key",
    token_steps=TOKEN_STEPS,
    test_event={
        "event": {"event_type": "conversion", "event_name": "Conversion", "source_type": "web", "test_flag": True},
        "web": {"title": "Test event from Linecapi Console"},
    },
    test_event_says=(
        "Look for it in LINE Business Manager, under Line Tag and then your tag: LINE shows it, but does not count it."
    ),
    additional=ADDITIONAL,
    test_field="test_flag",
)
