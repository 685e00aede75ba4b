"""What does decoding cost, what is decoded, and is it right?"""
