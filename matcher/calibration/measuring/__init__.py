"""Unrelated pictures → the probability of each distance: the file that matcher/calibration/tables.py reads.

pictures         one picture → its query hashes, of which some are listed
region_texture   regions → the gate that regions of little texture do not pass
counting         hashes → the number of pairs with each distance
sample           measured pictures → the tables of a calibration
tails            counts → the probability of each distance, measured and extrapolated
making           all of these steps, for a folder of the lab's own pictures
"""
