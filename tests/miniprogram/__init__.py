"""The mini-program: its own checks, and the whole of it in Chromium against the running platform."""
