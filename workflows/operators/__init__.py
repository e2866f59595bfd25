"""What the operators of workflows do. Which there are, and their parameters, is declared in workflows.dig.operators."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules


@cache
def load() -> None:
    """Import all of them, so that they are registered in `base.OPERATORS`."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
