"""What does a scan cost, does it end with the same findings, and what survives a crash?"""
