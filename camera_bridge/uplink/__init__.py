"""From the spool to the platform: warm connections, the wire, the order in which things go out."""
