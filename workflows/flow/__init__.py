"""The way of an attempt through its tasks: what runs next, what failed, when it has ended. Knows no Django."""
