"""Metrics: what the core says of itself, and the page that Prometheus reads."""
