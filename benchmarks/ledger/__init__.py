"""What do appends, proofs and audits cost, and what does a ledger survive?"""
