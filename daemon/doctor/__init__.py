"""`outcry doctor`: what of this machine, this installation and a state directory would hurt trading."""
