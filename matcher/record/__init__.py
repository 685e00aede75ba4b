"""Findings → the case: its ledger, its file of hashes, and what both are read back from."""
