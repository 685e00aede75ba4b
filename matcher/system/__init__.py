"""What differs between machines: files, compiled code, terminals."""
