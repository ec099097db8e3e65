"""Room codes, tokens and nicknames."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata

from effnet_viz.errors import UserError

#: No 0 and O, 1, I and L, 2 and Z, 5 and S, 8 and B, U and V: what is read aloud is typed right.
ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
CODE_LENGTH = 6

NICKNAME_LENGTH = 24
_MARKUP = re.compile(r"[^\w .'-]", re.UNICODE)


def new_code() -> str:
    """Six characters by chance: one of 148 million."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def clean_code(typed: str) -> str:
    """A code as it was meant: capitals, without blanks and dashes.

    Raises UserError where it cannot be a code.
    """
    code = re.sub(r"[\s-]", "", typed).upper()
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise UserError(
            f"A room's code has {CODE_LENGTH} characters, such as 4XK7QD; look at the teacher's "
            "screen again."
        )
    return code


def new_token() -> str:
    """A secret for a link: 128 bits."""
    return secrets.token_urlsafe(16)


def fingerprint(token: str) -> str:
    """What is stored of a token: its SHA-256, from which nobody gets the token back."""
    return hashlib.sha256(token.encode()).hexdigest()


def clean_nickname(typed: str) -> str:
    """A nickname as plain text: letters, digits, blanks and ``.'-_``, at most 24 of them.

    Empty where nothing is left: a nickname is no duty.
    """
    plain = _MARKUP.sub("", unicodedata.normalize("NFKC", typed))
    return " ".join(plain.split())[:NICKNAME_LENGTH].strip()
