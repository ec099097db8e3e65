"""Who may use the machine when many ask at once.

May import the engine; ``turns`` loads no torch, so pages may import it.

- ``turns``: a line in front of the engine: first come, first served, with a place one can see.
"""
