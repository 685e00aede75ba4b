"""The bytes of one file → its finding. `engine.Matcher` is the front door."""
