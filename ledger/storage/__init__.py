"""The SQLite file of a ledger: its schema, its transactions, and readers that leave it untouched."""
