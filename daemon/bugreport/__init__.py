"""`outcry bugreport`: what somebody else needs to see, and to play again, what happened here."""
