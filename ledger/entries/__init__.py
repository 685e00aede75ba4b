"""The entries of a ledger: their canonical bytes, their shapes, and values that are sealed in them. Pure."""
