"""What do hashes cost, how far are screened hashes from the reference, and what do they find?"""
