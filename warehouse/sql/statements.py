"""A text as its statements: one SELECT, or whole statements that write tables of the console, one after the other.

Nothing is judged here but the shape: which table, and which part is the SELECT. That part goes through the engine's own
checks when it runs. It keeps its place in the text, so that an error's line and column are those of the user's text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from warehouse.engines.base import QueryRejected

WRITES = "CREATE TABLE … AS, INSERT INTO … SELECT and DROP TABLE"

_SELECTS = ("SELECT", "WITH", "FROM", "VALUES", "TABLE")
_PLAIN_STRING = r"'(?:[^']|'')*'"
_ESCAPED_STRING = r"'(?:[^'\\]|\\.|'')*'"
_DOLLARS = r"\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|(?P<endless>\Z))"
_LEXEMES = r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|(?P<open>\Z)))|(?P<string>{strings})
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)|(?P<word>[^\W\d][\w$]*)|(?P<mark>[^\s\w])|(?P<number>\d\w*)"""
_TOKENS = {
    "hive": re.compile(_LEXEMES.format(strings=rf'{_ESCAPED_STRING}|"(?:[^"\\]|\\.)*"'), re.VERBOSE | re.DOTALL),
    "": re.compile(
        _LEXEMES.format(strings=rf"[eE]{_ESCAPED_STRING}|{_PLAIN_STRING}|{_DOLLARS}"),
        re.VERBOSE | re.DOTALL,
    ),
}
_NAME = r"""(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[^\W\d]\w*)"""
_NAMES = re.compile(_NAME)


class Kind(Enum):
    """What a statement does; the value is how messages call it."""

    SELECT = "SELECT"
    CREATE = "CREATE TABLE"
    INSERT = "INSERT INTO"
    DROP = "DROP TABLE"


@dataclass(frozen=True)
class Statement:
    """One statement. `sql`: its SELECT, at its place in the whole text ("" for DROP TABLE).

    database, table: what it writes, as written ("": the query's database); "" both for SELECT.
    columns: those that INSERT INTO names. replace: OR REPLACE and OVERWRITE. lenient: IF EXISTS and IF NOT EXISTS.
    line: where it begins, from 1.
    """

    kind: Kind
    sql: str
    line: int
    database: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    replace: bool = False
    lenient: bool = False

    @property
    def writes(self) -> bool:
        return self.kind is not Kind.SELECT


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword in lower case; "" if it is none."""
        return self.text.lower() if self.kind == "word" else ""


def statements(sql: str, *, dialect: str) -> tuple[Statement, ...]:
    """The statements of `sql` in their order, at least one. Raises QueryRejected.

    A SELECT may only stand last: its rows are the result.
    """
    pieces = list(_pieces(sql, dialect))
    if not pieces:
        raise QueryRejected("The query is empty.")
    found = tuple(_Reader(sql, piece, "`" if dialect == "hive" else '"').statement() for piece in pieces)
    for statement, following in itertools.pairwise(found):
        if not statement.writes:
            word = (re.findall(r"\w+", statement.sql) or [""])[0].upper()
            if word not in _SELECTS:
                message = f"{word} cannot be run here. Statements before a SELECT can be {WRITES}."
                raise QueryRejected(message, line=statement.line, column=1)
            message = f"A SELECT can only be the last statement; before it {WRITES} may stand."
            raise QueryRejected(message, line=following.line, column=1)
    return found


def _pieces(sql: str, dialect: str) -> Iterator[list[_Token]]:
    """The tokens of each statement, without comments and semicolons."""
    piece: list[_Token] = []
    for found in _TOKENS["hive" if dialect == "hive" else ""].finditer(sql):
        kind = next(k for k in ("comment", "string", "quoted", "word", "mark", "number") if found[k] is not None)
        if kind == "mark" and found[0] in "'\"`":
            _never_closed(f"quote {found[0]}", sql, found.start())
        if found["open"] is not None:
            _never_closed("comment /*", sql, found.start())
        if found.groupdict().get("endless") is not None:
            _never_closed(f"quote ${found['tag']}$", sql, found.start())
        if kind == "mark" and found[0] == ";":
            if piece:
                yield piece
            piece = []
        elif kind != "comment":
            piece.append(_Token(kind, found[0], found.start(), found.end()))
    if piece:
        yield piece


def _never_closed(what: str, sql: str, position: int) -> NoReturn:
    line, column = _place(sql, position)
    raise QueryRejected(f"The {what} is never closed.", line=line, column=column)


def _place(sql: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    return sql.count("\n", 0, position) + 1, position - sql.rfind("\n", 0, position)


class _Reader:
    """Reads the head of one statement, token by token."""

    def __init__(self, sql: str, tokens: list[_Token], quote: str) -> None:
        self._sql = sql
        self._quote = quote
        self._tokens = tokens
        self._at = 0

    def statement(self) -> Statement:
        line, _ = _place(self._sql, self._tokens[0].start)
        if self._take("create"):
            return self._create(line)
        if self._take("insert"):
            return self._insert(line)
        if self._take("drop"):
            return self._drop(line)
        return Statement(Kind.SELECT, self._rest(), line)

    def _create(self, line: int) -> Statement:
        replace = self._take("or", "replace")
        if not self._take("table"):
            self._refuse("CREATE can only be followed by TABLE … AS SELECT.")
        lenient = self._take("if", "not", "exists")
        database, table = self._table()
        if self._mark("("):
            return Statement(Kind.CREATE, self._empty(), line, database, table, replace=replace, lenient=lenient)
        if self._take("with"):
            self._skip_brackets()  # how Trino would store the table; here every table is stored alike
        if not self._take("as"):
            self._refuse(f'A SELECT must follow: CREATE TABLE "{table}" AS SELECT ….')
        if self._ends("with", "no", "data") or self._ends("with", "data"):
            self._refuse("WITH DATA and WITH NO DATA cannot be used: leave it out, or add WHERE false for no rows.")
        return Statement(Kind.CREATE, self._rest(), line, database, table, replace=replace, lenient=lenient)

    def _empty(self) -> str:
        """A SELECT of no rows, with the columns that stand in brackets: `(name type, …)`."""
        self._at += 1
        columns = [self._definition()]
        while self._mark(","):
            self._at += 1
            columns.append(self._definition())
        self._at += 1
        if self._take("with"):
            self._skip_brackets()
        if self._at < len(self._tokens):
            self._refuse(f'"{self._tokens[self._at].text}" is too much here: columns and a SELECT do not go together.')
        start = self._tokens[0].start
        quote = self._quote
        listed = ", ".join(f"CAST(NULL AS {kind}) AS {quote}{name}{quote}" for name, kind in columns)
        return re.sub(r"[^\n]", " ", self._sql[:start]) + f"SELECT {listed} WHERE false"

    def _definition(self) -> tuple[str, str]:
        """(name, type as it is written) of a column, up to the comma or bracket after it."""
        name = self._name().replace(self._quote, self._quote * 2)
        first, depth = self._at, 0
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if depth == 0 and token.text in (",", ")"):
                break
            depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(token.text, 0)
            self._at += 1
        if first == self._at or self._at == len(self._tokens):
            self._refuse(f'The type of the column "{name}" is expected here.')
        return name, self._sql[self._tokens[first].start : self._tokens[self._at - 1].end]

    def _insert(self, line: int) -> Statement:
        replace = self._take("overwrite")
        if not replace and not self._take("into"):
            self._refuse("INSERT must be followed by INTO (or OVERWRITE) and the name of a table.")
        self._take("table")
        database, table = self._table()
        if self._take("partition"):
            self._refuse("PARTITION cannot be used: tables have no partitions here.")
        columns = self._columns() if self._names_follow() else ()
        return Statement(Kind.INSERT, self._rest(), line, database, table, columns, replace=replace)

    def _drop(self, line: int) -> Statement:
        if not self._take("table"):
            self._refuse("DROP can only be followed by TABLE.")
        lenient = self._take("if", "exists")
        database, table = self._table()
        if self._at < len(self._tokens):
            self._refuse(f'"{self._tokens[self._at].text}" is too much here: DROP TABLE takes one table.')
        return Statement(Kind.DROP, "", line, database, table, lenient=lenient)

    def _table(self) -> tuple[str, str]:
        """("database" or "", "table"), lower-case."""
        names = [self._name()]
        while self._mark("."):
            self._at += 1
            names.append(self._name())
        if len(names) > 2:
            self._refuse("A table is named database.table, without more parts.")
        return ("", names[0]) if len(names) == 1 else (names[0], names[1])

    def _name(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        # In Hive's dialect a text in double quotes is a string; as a table's name it is meant as a name.
        if token is None or not _NAMES.fullmatch(token.text):
            self._refuse("The name of a table or column is expected here.")
        self._at += 1
        quote = token.text[0]
        return (token.text[1:-1].replace(quote * 2, quote) if quote in '"`' else token.text).lower()

    def _names_follow(self) -> bool:
        """Whether a bracket holds names, and not a SELECT."""
        following = self._tokens[self._at + 1] if self._mark("(") and self._at + 1 < len(self._tokens) else None
        return following is not None and following.word not in ("select", "with", "values", "from", "table")

    def _columns(self) -> tuple[str, ...]:
        self._at += 1
        names = [self._name()]
        while self._mark(","):
            self._at += 1
            names.append(self._name())
        if not self._mark(")"):
            self._refuse("A comma or a closing bracket is expected here.")
        self._at += 1
        if len(set(names)) < len(names):
            self._refuse("A column is named twice.")
        return tuple(names)

    def _skip_brackets(self) -> None:
        depth = 0
        while self._at < len(self._tokens):
            depth += {"(": 1, ")": -1}.get(self._tokens[self._at].text, 0)
            self._at += 1
            if depth == 0:
                return

    def _take(self, *words: str) -> bool:
        """Go past these keywords if they stand here."""
        here = [token.word for token in self._tokens[self._at : self._at + len(words)]]
        if here != list(words):
            return False
        self._at += len(words)
        return True

    def _ends(self, *words: str) -> bool:
        return [token.word for token in self._tokens[-len(words) :]] == list(words)

    def _mark(self, mark: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].text == mark

    def _rest(self) -> str:
        """What is left of the statement, with blanks for all that stands before it."""
        if self._at == len(self._tokens):
            self._refuse("A SELECT must follow.")
        start, end = self._tokens[self._at].start, self._tokens[-1].end
        return re.sub(r"[^\n]", " ", self._sql[:start]) + self._sql[start:end]

    def _refuse(self, message: str) -> NoReturn:
        at = self._tokens[self._at].start if self._at < len(self._tokens) else self._tokens[-1].end
        line, column = _place(self._sql, at)
        raise QueryRejected(message, line=line, column=column)
