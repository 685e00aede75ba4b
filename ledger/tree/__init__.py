"""The Merkle tree (RFC 6962 and 9162): roots, proofs, tiles, and what damage to it looks like. Pure."""
