"""A witness (c2sp.org/tlog-witness): what it cosigns, and the folder that it remembers in."""
