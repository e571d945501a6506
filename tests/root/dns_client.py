"""Sends what its arguments say, one step each, for the tests of DNS.

getaddrinfo:NAME       as programs do, through glibc
udp:SERVER:NAME[:N]    N queries with ids 1 to N on one socket, each answered before the next; unconnected
again:SERVER:NAME      the same query twice on one socket
tcp:SERVER:NAME:N      N queries pipelined on one connection, one byte at a time for the first
raw:SERVER:HEX         bytes that are no query
connect:ADDRESS:PORT   a TCP connection, or the attempt
sleep:SECONDS
"""

import socket
import struct
import sys
import time

sys.stdout.reconfigure(line_buffering=True)


def query(number, name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def open_socket(server, kind):
    return socket.socket(socket.AF_INET6 if "::" in server else socket.AF_INET, kind)


def udp(server, name, count="1"):
    with open_socket(server, socket.SOCK_DGRAM) as one:
        one.settimeout(0.1 if name.startswith("never") else 5)
        for number in range(1, int(count) + 1):
            one.sendto(query(number, name), (server, 53))
            try:
                one.recvfrom(65536)
            except TimeoutError:
                pass


def again(server, name):
    with open_socket(server, socket.SOCK_DGRAM) as one:
        for _ in range(2):
            one.sendto(query(7, name), (server, 53))
            time.sleep(0.1)


def tcp(server, name, count):
    queries = [query(number, name) for number in range(1, int(count) + 1)]
    framed = [struct.pack(">H", len(one)) + one for one in queries]
    with open_socket(server, socket.SOCK_STREAM) as one:
        one.connect((server, 53))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in framed[0]:
            one.sendall(bytes([byte]))
        one.sendall(b"".join(framed[1:]))
        one.settimeout(5)
        responses, data = 0, b""
        while responses < len(queries):
            data += one.recv(65536)
            while len(data) >= 2 and len(data) >= 2 + struct.unpack(">H", data[:2])[0]:
                data = data[2 + struct.unpack(">H", data[:2])[0]:]
                responses += 1


def raw(server, content):
    with open_socket(server, socket.SOCK_DGRAM) as one:
        one.sendto(bytes.fromhex(content), (server, 53))


def getaddrinfo(name):
    try:
        socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    except socket.gaierror:
        pass


def connect(address, port):
    with open_socket(address, socket.SOCK_STREAM) as one:
        one.connect_ex((address, int(port)))


STEPS = {"again": again, "connect": connect, "getaddrinfo": getaddrinfo, "raw": raw, "tcp": tcp, "udp": udp,
         "sleep": lambda seconds: time.sleep(float(seconds))}
for argument in sys.argv[1:]:
    step, *rest = argument.replace("::1", "V6").split(":")
    STEPS[step](*[part.replace("V6", "::1") for part in rest])
