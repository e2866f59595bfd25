""".dig files: digdag's YAML, read into workflows and checked before anything runs. Knows no Django.

A project is a mapping of paths to texts. `reading.read` makes one file a Workflow, `checking.check` tells everything
that is wrong with a project. Every error names its file and line.
"""
