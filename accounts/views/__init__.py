"""The pages of accounts. Settings name `accounts.views.locked_out`."""

from accounts.views.sign_in import locked_out

__all__ = ["locked_out"]
