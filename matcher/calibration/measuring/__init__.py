"""Pictures of which no two show the same → how near such come: the file that matcher/calibration/tables.py reads.

pictures   one picture → the hashes that are asked and listed of it
counting   hashes → how many pairs have which distance
tails      counts → the probability of each distance, seen and beyond what was seen
making     all of it, for a folder of the lab's own pictures
"""
