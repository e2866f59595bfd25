"""The SQL that users write: its statements, and TD's dialects on DuckDB. Knows no Django."""
