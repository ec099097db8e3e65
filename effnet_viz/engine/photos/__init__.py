"""Photo files to pixels; ``engine.images`` hands it on. Loads no torch.

As ``engine``.

- ``colour``: a photo's values as a screen shows them: 16 bits to 8, embedded colour profiles to
  sRGB.
- ``decoding``: photo files decoded, or one error that says what to do.
- ``files``: which kind a photo file is, and the part of it that its pixels need.
"""
