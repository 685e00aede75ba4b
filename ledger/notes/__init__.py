"""Signed notes and checkpoints (C2SP), the keys that sign them, proof files and policies."""
