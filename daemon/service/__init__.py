"""`outcry service`: one account as a systemd service."""
