"""The parts of verify.py, which goes out with every exhibit: one file in the end, by ledger.exhibit.assembling.

A second implementation, written from the specifications: nothing here imports anything else of ledger, and
nothing else of ledger imports it. Standard library only, Python 3.9 and later, no network, nothing is written.

A part refuses by raising `Refused`, which derives from no error of ledger for that reason.
"""
