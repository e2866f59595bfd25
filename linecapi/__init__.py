"""The command `linecapi`: queries, jobs, schedules and tables of a console, or of Treasure Data, from a shell."""
