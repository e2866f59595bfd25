"""Treasure Workflow: projects of .dig files, their sessions and attempts."""
