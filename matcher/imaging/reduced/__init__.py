"""Reduced pictures: decoded at the scale that a hash needs, for the screen."""
