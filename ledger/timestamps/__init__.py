"""Time stamps (RFC 3161): requests, answers, tokens."""
