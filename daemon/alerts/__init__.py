"""Alerts: what a human must know, told until somebody says that he does."""
