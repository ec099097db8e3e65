import ipaddress
import re
import socket

from effnet_viz.engine.serving import address


def test_the_address_is_one_of_this_machine():
    found = ipaddress.ip_address(address.lan_address())
    with socket.socket() as probe:
        probe.bind((str(found), 0))  # only an address of this machine can be bound


def test_without_a_network_the_machine_itself_is_left(monkeypatch):
    def unreachable(self, where):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert address.lan_address() == "127.0.0.1"


def test_the_picture_is_black_on_white_with_a_quiet_zone():
    picture = address.qr_svg("http://192.168.1.5:8501")
    assert picture.startswith("<svg")
    assert {"#000", "#fff"} <= set(re.findall(r'(?:stroke|fill)="(#\w+)"', picture))


def test_a_server_for_one_person_has_no_address(monkeypatch):
    monkeypatch.delenv(address.ADDRESS_VARIABLE, raising=False)
    assert address.class_address() is None
