"""What people asked for and cannot have."""


class NotPossible(Exception):
    """It cannot be done as things stand; the text says why and what to do."""


class NameTaken(Exception):
    """Something else of its kind, or in the same place, has this name."""
