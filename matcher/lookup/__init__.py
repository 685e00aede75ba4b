"""Hashes → matches: listed entries within the threshold, and how probable each match is by chance."""
