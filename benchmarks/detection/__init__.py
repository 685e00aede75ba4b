"""Which known pictures inside of other pictures are found?"""
