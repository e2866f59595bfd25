"""The command `linecapi`: queries, jobs, schedules, tables and workflows of a console, or of Treasure Data."""
