"""python -m ledger"""

from ledger.commands import main

if __name__ == "__main__":
    main()
