"""Every operator that runs here: importing this module registers them."""

from workflows.operators import branches, calls, http, loops, mails, plain

__all__ = ["branches", "calls", "http", "loops", "mails", "plain"]
