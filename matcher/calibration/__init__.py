"""How near the hashes of unrelated pictures come: the measured tables, and how they are measured."""
