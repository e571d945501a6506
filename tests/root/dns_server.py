"""A DNS server for tests: answers by the first part of the name, and writes a line for each query that it gets to a file.

ok: records. nx: NXDOMAIN. fail: SERVFAIL. refused: REFUSED with an extended error. never: no response. form: FORMERR
without the question. big: truncated over UDP, 40 records over TCP. none: success without records. slow: as ok, after
a quarter of a second.
"""

import json
import select
import socket
import struct
import sys
import time

A, CNAME, AAAA, OPT = 1, 5, 28, 41
RCODES = {"form": 1, "fail": 2, "nx": 3, "refused": 5}


def read_name(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(labels), at + 1


def record(kind, content):
    return struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(content)) + content


def addresses(kind, count):
    if kind == A:
        return [record(A, bytes([192, 0, 2, i + 1])) for i in range(count)]
    if kind == AAAA:
        return [record(AAAA, bytes.fromhex("20010db8") + bytes(11) + bytes([i + 1])) for i in range(count)]
    return []


def answer(query, tcp):
    """The response to a query, or None; and what was asked."""
    number = struct.unpack(">H", query[:2])[0]
    name, end = read_name(query, 12)
    kind = struct.unpack(">H", query[end:end + 2])[0]
    behaviour = name.split(".")[0].rstrip("0123456789").lower()
    asked = {"id": number, "name": name, "type": kind, "tcp": tcp}
    if behaviour == "never":
        return None, asked
    if behaviour == "slow":
        time.sleep(0.25)
    rcode = RCODES.get(behaviour, 0)
    flags = 0x8180 | rcode
    if behaviour == "form":
        return struct.pack(">6H", number, flags, 0, 0, 0, 0), asked
    records, extra = [], b""
    if behaviour in ("ok", "slow"):
        records = addresses(kind, 1)
    elif behaviour == "big":
        records = addresses(kind, 40) if tcp else []
        flags |= 0 if tcp else 0x0200
    elif behaviour == "refused":  # RFC 8914: 15 is "Blocked"
        extra = b"\0" + struct.pack(">HHIH", OPT, 1232, 0, 6) + struct.pack(">HHH", 15, 2, 15)
    head = struct.pack(">6H", number, flags, 1, len(records), 0, 1 if extra else 0)
    return head + query[12:end + 4] + b"".join(records) + extra, asked


def serve(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.bind((address, port))
    tcp = socket.socket(family, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind((address, port))
    tcp.listen(64)
    return udp, tcp


def receive_tcp(connection, waiting):
    """Answers every whole query in what has come; False at the end."""
    data = connection.recv(65536)
    waiting[connection] = waiting.get(connection, b"") + data
    while len(waiting[connection]) >= 2:
        length = struct.unpack(">H", waiting[connection][:2])[0]
        if len(waiting[connection]) < 2 + length:
            break
        query, waiting[connection] = waiting[connection][2:2 + length], waiting[connection][2 + length:]
        reply(query, True, lambda response: connection.sendall(struct.pack(">H", len(response)) + response))
    return bool(data)


def reply(query, tcp, send):
    try:
        response, asked = answer(query, tcp)
    except (IndexError, struct.error, UnicodeDecodeError):
        response, asked = None, {"malformed": len(query), "tcp": tcp}
    LOG.write(json.dumps(asked) + "\n")
    LOG.flush()
    if response is not None:
        send(response)


def main(addresses_to_serve):
    sockets = [serve(address, 53) for address in addresses_to_serve]
    udp = {pair[0] for pair in sockets}
    listeners = {pair[1] for pair in sockets}
    waiting = {}
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([*udp, *listeners, *waiting], [], [])
        for one in ready:
            if one in udp:
                query, sender = one.recvfrom(65536)
                reply(query, False, lambda response, to=sender, by=one: by.sendto(response, to))
            elif one in listeners:
                waiting[one.accept()[0]] = b""
            elif not receive_tcp(one, waiting):
                del waiting[one]
                one.close()


LOG = open(sys.argv[1], "w", encoding="utf-8")
main(sys.argv[2:])
