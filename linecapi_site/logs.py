"""Log lines, as text or as one JSON object a line. What looks like an e-mail address or a phone number is masked:
the messages of errors may quote a row.
"""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger

from exports.current import JOB

REQUEST: ContextVar[str] = ContextVar("request", default="")
_PERSONAL = re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+|(?<![\w.-])\+?[0-9]{9,15}(?![\w.-])")
MASK = "•••"


def masked(text: str) -> str:
    return _PERSONAL.sub(MASK, text)


class Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class Json(logging.Formatter):
    """time (UTC), level, logger, message; where known job, request, and exception with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            "job": JOB.get(),
            "request": REQUEST.get(),
            "exception": masked(self.formatException(record.exc_info)) if record.exc_info else "",
        }
        return json.dumps({key: value for key, value in line.items() if value or key == "message"}, ensure_ascii=False)


class GunicornLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines in the format of all others: `--logger-class linecapi_site.logs.GunicornLogger`."""

    def setup(self, cfg: Any) -> None:
        from linecapi_site.settings import LOG_FORMAT

        super().setup(cfg)
        if LOG_FORMAT == "json":
            for handler in (*self.error_log.handlers, *self.access_log.handlers):
                handler.setFormatter(Json())
