"""How the tasks of an attempt follow each other. Knows no Django."""
