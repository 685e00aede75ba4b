"""The parts of verify.py, which every exhibit contains. ledger.exhibit.assembling joins them to one file.

This is a second implementation, written from the specifications: it imports nothing else of ledger, and nothing else of
ledger imports it. It uses the standard library only, runs on Python 3.9 and later, uses no network and writes nothing.

A part refuses by raising `Refused`, which is therefore independent of ledger's errors.
"""
