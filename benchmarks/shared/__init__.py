"""What several benchmarks share: pictures, lists, peers, timing. The tests use it too."""
