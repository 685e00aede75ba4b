"""Finding entries by type, time, scan, status and path."""
