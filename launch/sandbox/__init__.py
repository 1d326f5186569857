"""Local stand-ins for the outside world that enforce its real rules."""
