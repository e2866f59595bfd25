"""What people asked for and cannot have."""


class NotPossible(Exception):
    """It cannot be done as things stand; the text says why and what to do."""
