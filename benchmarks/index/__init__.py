"""What do lookups cost, what does an index cost to build and to change, and how near is it to the floor?"""
