"""Prints a `.env` with new keys: `python -m linecapi_site.keys > .env`."""

import secrets

from cryptography.fernet import Fernet


def lines() -> list[str]:
    return [
        "# Made at set-up. The README lists every variable.",
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"CREDENTIAL_KEYS={Fernet.generate_key().decode()}",
    ]


if __name__ == "__main__":
    print("\n".join(lines()))  # noqa: T201 - printing is what it does
