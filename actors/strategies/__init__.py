"""Shipped strategies: small, tested, and written as yours would be."""
