"""Rows of the world as the wire models show them. Each function of rows runs a fixed number of statements."""
