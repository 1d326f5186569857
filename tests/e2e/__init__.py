"""The real thing: `kuaimen up` on a fresh directory, with real processes, killed in real ways."""
