"""How near do unrelated pictures come?"""
