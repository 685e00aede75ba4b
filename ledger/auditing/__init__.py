"""Audits: what a ledger, its checkpoints and the files beside it must satisfy."""
