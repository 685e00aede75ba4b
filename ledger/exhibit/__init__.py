"""Exhibits: a folder or an archive that the other side's expert can verify alone."""
