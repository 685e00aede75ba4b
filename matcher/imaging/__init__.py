"""The bytes of a file → pixels. `decode` is the front door."""
