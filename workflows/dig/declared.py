"""The words that operators are declared in."""

from dataclasses import dataclass, field

from workflows.dig.kinds import Kind


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of an operator. Its value may have ${…}, which is computed before the task runs."""

    name: str
    kind: Kind
    help: str
    required: bool = False
    effect: bool = True  # False: taken so that a file need not change, but nothing depends on it here


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two parameters that exclude each other, and why."""

    first: str
    second: str
    why: str


@dataclass(frozen=True, slots=True)
class Operator:
    """What stands before “>”, what its value is, and its parameters."""

    name: str
    help: str
    command: Kind
    params: tuple[Param, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    needs: dict[str, str] = field(default_factory=dict)  # a parameter → the one it cannot be without
    bodies: tuple[str, ...] = ()  # of _do and _else_do; at least one must be there
    file: bool = False  # the value is the path of a file in the project, which is computed as well
    instead: str = ""  # the parameter that holds the file's text if the value is empty
    defaults: str = ""  # the map of _export that gives parameters, such as “td”
    refused: dict[str, str] = field(default_factory=dict)  # parameters of digdag's that are not taken, and why

    def param(self, name: str) -> Param | None:
        return next((one for one in self.params if one.name == name), None)
