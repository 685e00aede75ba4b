"""A case after its scan: verified, compared with another, looked up again in newer lists."""
