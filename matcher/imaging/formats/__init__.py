"""Formats that need a reader of their own, or a repair. One file a format."""
