"""Under which address a class reaches this server, and that address as a picture for phones."""

from __future__ import annotations

import io
import ipaddress
import os
import socket

import segno

#: Set by ``effnet-viz app --class`` for the server it starts.
ADDRESS_VARIABLE = "EFFNET_VIZ_ADDRESS"


def class_address() -> str | None:
    """The address under which a class reaches this server, None where it serves one person."""
    return os.environ.get(ADDRESS_VARIABLE) or None


def lan_address() -> str:
    """This machine's address in its own network, as others reach it; 127.0.0.1 without one.

    Nothing is sent: connecting a datagram socket only asks the system which address it would use.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation, RFC 5737
            found = str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
    return "127.0.0.1" if ipaddress.ip_address(found).is_unspecified else found


def qr_svg(address: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG text, black on white with its quiet zone, so that it scans
    on a dark page too."""
    return str(
        segno.make(address, error="m").svg_inline(
            scale=6, border=4, dark="#000000", light="#FFFFFF"
        )
    )


def qr_text(address: str) -> str:
    """A QR code in half blocks, for a terminal."""
    picture = io.StringIO()
    segno.make(address, error="m").terminal(picture, compact=True)
    return picture.getvalue()
