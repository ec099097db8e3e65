"""What networks trained from several starts say: hits photo by photo, and what differs beyond luck.

As ``evidence``: plain Python.

- ``agreement``: do two seeds of one network look at the same places? And two roles?
- ``hits``: which validation photos each shipped network got right, one small file a network.
- ``one_photo``: do roles look elsewhere than the baseline by more than its seeds do?
- ``paired``: differences between networks on the same photos, by chance among photos and seeds.
- ``squash``: what it costs that networks trained on squashed photos are shown undistorted ones.
- ``tables``: measured rows as JSON, read and written.
"""
