"""PyYAML's syntax errors, told so that one sees what to do."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """`found` in PyYAML's words is told as `told`, in which {0} is the pattern's group and {line} the line's text."""

    found: str
    told: str
    at_opening: bool = False  # points to where the thing began, not to where the parser stopped


INDENTED = (
    "The indentation does not fit the lines above. Keys of one map start in the same column, and those that belong "
    "to a key stand further to the right."
)
TIGHT_INCLUDE = "!include needs a space before the colon: !include : 'path'."
MISTAKES = (
    Mistake(r"scanning an alias: ", "A value that starts with * must stand in quotes, as in cron>: '*/5 * * * *'."),
    Mistake(
        r"undefined alias '?([^']*)'?",
        "*{0} refers to &{0}, which no line above defines. If text is meant, put it in quotes.",
    ),
    Mistake(r"scanning an anchor: ", "A value that starts with & must stand in quotes."),
    Mistake(r"character '\\t'", "A tab stands here; YAML is indented with spaces only."),
    Mistake(r"character '(.)' that cannot start", "A value that starts with {0} must stand in quotes."),
    Mistake(
        r"mapping values are not allowed",
        "“{line}” has a colon where none can be. Text with “: ” in it must stand in quotes; otherwise check the "
        "indentation of this line and the one above.",
    ),
    Mistake(
        r"simple key: could not find expected ':'",
        "This line has no “key: value”. Each line of a map needs a key, a colon and a space.",
        at_opening=True,
    ),
    Mistake(
        r"quoted scalar: found unexpected (?:end of stream|document)",
        "The quote that opens here is never closed.",
        at_opening=True,
    ),
    Mistake(
        r"double-quoted scalar: .*(?:escape|hexadecimal)",
        "The backslash in double quotes starts an unknown escape. Use single quotes, or write two backslashes.",
    ),
    Mistake(
        r"flow mapping: ",
        "The braces that open here are not closed, or a comma is missing. Text with {{ }} , : in it must stand in "
        "quotes, as in {{a: '${{x}}'}}.",
        at_opening=True,
    ),
    Mistake(
        r"flow sequence: ",
        "The bracket that opens here is not closed, or a comma is missing. Text with [ ] {{ }} , in it must stand in "
        "quotes, as in ['${{x}}'].",
        at_opening=True,
    ),
    Mistake(r"flow node: ", "A value is missing here, or text with {{ }} [ ] , in it has no quotes."),
    Mistake(
        r"scanning a block scalar: ", "After | or > only + or -, a digit and a comment can stand in the same line."
    ),
    Mistake(
        r"block mapping: .* but found '<scalar>'",
        "“{line}” goes on after a closing quote. Put the whole text into one pair of quotes.",
    ),
    Mistake(r"(?:scanning|parsing) a directive: ", "A line that starts with % must stand in quotes."),
    Mistake(
        r"(?:block node|document start)",
        "Here stands what belongs to no key: a line that starts with %, or a brace or bracket that nothing opened.",
    ),
    Mistake(r"(?:block mapping|block collection|block sequence|block entries|block end)", INDENTED),
    Mistake(r"sequence entries are not allowed", "A list can only start on a line of its own, below its key."),
    Mistake(r"mapping keys are not allowed", INDENTED),
    Mistake(r"expected a single document", "A file can hold one document: remove the lines from --- on."),
    Mistake(
        r"(?:scanning|parsing) a (?:tag|node): ",
        "A value that starts with ! must stand in quotes. To include a file, write !include : 'path', with a space "
        "before the colon.",
    ),
)


def explained(context: str, problem: str, text: str, index: int, opened: int) -> tuple[str, bool]:
    """The sentence, and whether it points to where the thing began.

    context, problem: PyYAML's words; index, opened: of the characters in the text where it stopped, and where that
    which it was reading began.
    """
    if _line(text, opened).startswith("!include:"):
        return TIGHT_INCLUDE, True
    for mistake in MISTAKES:
        if found := re.search(mistake.found, f"{context}: {problem}"):
            return mistake.told.format(*found.groups(), line=_line(text, index)), mistake.at_opening
    return f"This is not valid YAML: {problem}.", False


def _line(text: str, index: int) -> str:
    start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    line = re.split(r"[\r\n]", text[start:], maxsplit=1)[0].strip()
    return f"{line[:60]}…" if len(line) > 60 else line
