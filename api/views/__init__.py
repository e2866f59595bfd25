"""The endpoints, a file for each kind of thing. Importing them declares them."""

from api.views import account, results, system

__all__ = ["account", "results", "system"]
