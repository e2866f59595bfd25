"""Query engines: SQL in, Arrow record batches out. No Django here: an engine can be read, tested and timed alone."""
