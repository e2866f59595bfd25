"""LINE's event fields, the 17 columns and what else LINE's API takes, and the rules of a record."""

from integrations.spec import (
    AtLeastOne,
    Choice,
    EpochWindow,
    Field,
    Hashing,
    IpAddress,
    MaxLength,
    NotSent,
    Number,
    Pattern,
    Prefix,
    RequiresSetting,
    StringList,
    Truth,
)

UUID = r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
KEY_CHARACTERS = "letters A–Z a–z, digits, hyphens and underscores"
LARGEST = 2_147_483_647
ADDITIONAL = "Additional"

GROUPS = {
    "Required": "Rows without these are invalid",
    "Who": "Identifiers LINE can match on; at least one in each row",
    "What": "The event and its page",
    ADDITIONAL: "LINE’s API takes these too, beside the 17 columns",
}

# JSON objects of an event in their order; True: left out when it would be empty.
PARTS = {"web": True, "event": False, "user": False, "custom": True}

# The length stands as a rule of its own: a better reason, and RE2 unrolls {1,512} into 512 states at every call.
FIELDS = (
    Field(
        "deduplication_key",
        "event",
        "Required",
        "A unique key for each event. LINE uses it with event_name to drop repeats, also those of the LINE Tag.",
        required=True,
        rules=(MaxLength(256), NotSent("undefined"), Pattern("[0-9a-zA-Z_-]+", KEY_CHARACTERS)),
    ),
    Field(
        "event_type",
        "event",
        "Required",
        "The event type.",
        required=True,
        rules=(Choice(("page_view", "conversion")),),
    ),
    Field(
        "source_type",
        "event",
        "Required",
        "Where the event occurred.",
        required=True,
        rules=(Choice(("web",)),),
    ),
    Field(
        "event_timestamp",
        "event",
        "Required",
        "When the event occurred, in UNIX time.",
        required=True,
        window=EpochWindow(max_age=90 * 86400, max_ahead=86400),
    ),
    Field(
        "phone",
        "user",
        "Who",
        "The user’s phone number, raw or hashed.",
        personal=True,
        hashing=Hashing(
            raw=r"\+[1-9][0-9]{6,14}",
            says="a phone number with its country code, like +818012345678",
            code="phone",
            drop=" -()",
        ),
    ),
    Field(
        "email",
        "user",
        "Who",
        "The user’s email address, raw or hashed.",
        personal=True,
        hashing=Hashing(
            raw=r"[a-zA-Z0-9_!#$%&'*+/=?`{|}~^.-]+@[a-zA-Z0-9.-]+",
            says="an email address",
            code="email",
            lower=True,
        ),
    ),
    Field(
        "line_uid",
        "user",
        "Who",
        "The LINE user ID. Needs the LINE Channel ID in the authentication.",
        personal=True,
        rules=(Pattern("U[0-9a-f]{32}", "U and 32 lower-case hex digits"),),
    ),
    Field(
        "browser_id",
        "user",
        "Who",
        "The ID that the LINE Tag keeps in the cookie __lt__cid.",
        personal=True,
        rules=(Pattern(UUID, "a UUID"),),
    ),
    Field(
        "click_id",
        "user",
        "Who",
        "The value of ldtag_cl in the landing page’s URL.",
        personal=True,
        rules=(Pattern("[a-zA-Z0-9_-]+", KEY_CHARACTERS),),
    ),
    Field(
        "ifa",
        "user",
        "Who",
        "The IDFA or AAID of the user’s device.",
        personal=True,
        rules=(Pattern(UUID, "a UUID"),),
    ),
    Field(
        "external_id",
        "user",
        "Who",
        "A string that uniquely identifies the user on your system.",
        personal=True,
        rules=(MaxLength(512), NotSent("undefined"), Pattern("[0-9a-zA-Z_-]+", KEY_CHARACTERS)),
    ),
    Field(
        "event_name",
        "event",
        "What",
        "“Conversion” measures the default conversion; a name that you defined at LINE, that custom conversion.",
        rules=(MaxLength(20), Pattern("[A-Za-z0-9_-]+", KEY_CHARACTERS)),
    ),
    Field(
        "url",
        "web",
        "What",
        "The page’s URL when the event occurred.",
        rules=(MaxLength(2048), Prefix("https?://.", "a URL that begins with http:// or https://")),
    ),
    Field("referrer", "web", "What", "The browser’s referrer URL.", rules=(MaxLength(2048),)),
    Field("ip_address", "web", "What", "The user’s IP address.", personal=True, rules=(IpAddress(),)),
    Field("user_agent", "web", "What", "The browser’s user agent.", personal=True),
    Field("title", "web", "What", "The page’s title in the browser.", rules=(MaxLength(1024),)),
    Field(
        "test_flag",
        "event",
        ADDITIONAL,
        "Whether the event is a test: LINE shows it for checking, but does not count it.",
        typed=Truth(),
    ),
    Field(
        "value",
        "custom",
        ADDITIONAL,
        "What the event is worth, such as the total of an order. Meant for purchases.",
        typed=Number(LARGEST),
    ),
    Field(
        "currency",
        "custom",
        ADDITIONAL,
        "The currency of value, such as JPY.",
        rules=(Pattern("[A-Z]{3}", "three capital letters A–Z"),),
    ),
    Field("quantity", "custom", ADDITIONAL, "How many items the event is about.", typed=Number(LARGEST, whole=True)),
    Field("item_ids", "custom", ADDITIONAL, "The IDs of the items that the event is about.", typed=StringList(100)),
    Field("keywords", "custom", ADDITIONAL, "The words that were searched for.", typed=StringList(10)),
    Field("category", "custom", ADDITIONAL, "The category of the item or the page.", rules=(MaxLength(300),)),
)

IDENTIFIERS = tuple(f.name for f in FIELDS if f.part == "user")

RECORD_RULES = (
    AtLeastOne(IDENTIFIERS, "has no identifier: LINE needs at least one of " + ", ".join(IDENTIFIERS)),
    RequiresSetting("line_uid", "line_channel_id", "needs the LINE Channel ID in the authentication"),
)
