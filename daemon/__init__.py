"""The program: command line, config loading, and the long-running service. Only wiring."""
