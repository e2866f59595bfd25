"""Why something was not sent."""


class NotSent(Exception):
    """The text is for people, and holds neither secret nor personal data."""
