"""Schema migrations; additive first, then code, then removal. No downgrades."""
