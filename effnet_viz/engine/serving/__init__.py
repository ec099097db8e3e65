"""Who may use the machine when many ask at once.

May import the engine; none of it loads torch, so pages may import it.

- ``address``: under which address a class reaches this server, as text and as a QR code.
- ``turns``: a line in front of the engine: first come, first served, with a place one can see.
"""
