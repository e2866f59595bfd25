from dataclasses import dataclass

from accounts.models import Role


@dataclass(frozen=True)
class Page:
    """`address`: text, or a function that makes what the page needs and returns it. `role`: None for a stranger."""

    name: str
    address: object
    role: Role | None
