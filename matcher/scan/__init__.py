"""A scan from its opening to its end: a source and lists in, findings in a case out. See `run.run_scan`."""
