"""Every operator that runs here: importing this module registers them."""

from workflows.operators import branches, calls, http, loops, mails, plain, td, td_ddl, td_loops

__all__ = ["branches", "calls", "http", "loops", "mails", "plain", "td", "td_ddl", "td_loops"]
