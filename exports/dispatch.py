"""The dispatcher."""


def tick() -> None:
    """Nothing yet."""
