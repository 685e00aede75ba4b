"""Benchmarks, in folders by question. Run each from the root: `python -m benchmarks.FOLDER.NAME`."""
