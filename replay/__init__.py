"""How time is played: recorded feeds, a simulated clock and venue, results and reports."""
