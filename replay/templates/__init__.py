"""Text files that the report is made of."""
