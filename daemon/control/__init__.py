"""The control plane: how a running daemon is asked and steered from outside."""
