"""Who does: the actors of the trading graph and the runtime they live on. Read `graph.py` first."""
