"""Which server to ask, with which key: by options, by the environment, or by the toolbelt's `~/.td/td.conf`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from linecapi.problems import Exit, Problem

KEYS = ("TD_API_KEY", "TREASURE_DATA_API_KEY")
SERVERS = ("TD_API_SERVER", "TREASURE_DATA_API_SERVER")
FILES = ("TREASURE_DATA_CONFIG_PATH", "TD_CONFIG_PATH")
NO_KEY = (
    "No API key is given. Make one in the console under My Settings > API Keys, "
    "and set TD_API_KEY, or apikey in {path}, or use -k."
)
NO_ENDPOINT = (
    "No endpoint is given. Set TD_API_SERVER, or endpoint in {path}, or use -e with the console's address, "
    "such as https://console.example.com (Treasure Data: https://api.treasuredata.com)."
)


@dataclass(frozen=True)
class Settings:
    """`endpoint`: scheme, host and port, with a slash at the end, as td-client wants it."""

    endpoint: str
    apikey: str = field(repr=False)


def read(apikey: str | None, endpoint: str | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """What the options say, and what they leave open. Raises Problem."""
    path = _path(environment)
    conf = _conf(path)
    key = apikey or _first(environment, KEYS) or conf.get("account.apikey")
    server = endpoint or _first(environment, SERVERS) or conf.get("account.endpoint")
    if not server:
        raise Problem(NO_ENDPOINT.format(path=path), Exit.USAGE)
    if not key:
        raise Problem(NO_KEY.format(path=path), Exit.USAGE)
    if not re.fullmatch(r"[!-~]+", key):
        raise Problem("The API key has characters that no key has. Paste it again.", Exit.USAGE)
    return Settings(_address(server), key)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _path(environment: Mapping[str, str]) -> Path:
    return Path(_first(environment, FILES) or "~/.td/td.conf").expanduser()


def _conf(path: Path) -> dict[str, str]:
    """section.name → value; empty where there is no such file."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Problem(f"{path} cannot be read: {error}", Exit.USAGE) from error
    return _parsed(lines, path)


def _parsed(lines: list[str], path: Path) -> dict[str, str]:
    found, section = {}, ""
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        if heading := re.fullmatch(r"\[(.+)\]", line):
            section = heading[1]
        elif pair := re.fullmatch(r"(\w+)\s*=\s*(.*)", line):
            found[f"{section}.{pair[1]}"] = pair[2]
        else:
            raise Problem(f"{path}, line {number}: write it as name = value.", Exit.USAGE)
    return found


def _address(server: str) -> str:
    text = server if "://" in server else f"https://{server}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise Problem(f"The endpoint {_shown(server)} must look like https://console.example.com.", Exit.USAGE)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Problem(f"The endpoint must end after host and port: {parts.scheme}://{parts.netloc}", Exit.USAGE)
    return f"{parts.scheme}://{parts.netloc}/"


def _shown(server: str) -> str:
    """Without the user and password that somebody may have put there."""
    return re.sub(r"//[^/]*@", "//", server)
