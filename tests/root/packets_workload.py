"""Sends and receives of known sizes. Prints each as [event, protocol, family, pid, local port, remote port, bytes], in the
order in which they were made."""

import json
import os
import socket
import sys

told = []


def note(event, sock, size, remote=True, pid=0):
    protocol = "tcp" if sock.type == socket.SOCK_STREAM else "udp"
    family = "ipv6" if sock.family == socket.AF_INET6 else "ipv4"
    port = sock.getpeername()[1] if remote else None
    told.append([event, protocol, family, pid or os.getpid(), sock.getsockname()[1], port, size])


def send(sock, size):
    note("send", sock, sock.send(bytes(size)))


def receive(sock, size):
    flags = socket.MSG_WAITALL if sock.type == socket.SOCK_STREAM else 0
    note("receive", sock, len(sock.recv(size, flags)))


def over_tcp(address, family):
    with socket.create_server((address, 0), family=family) as listener:
        client = socket.create_connection(listener.getsockname()[:2])
        server = listener.accept()[0]
        for i in range(1, 101):
            send(client, 7 * i)
            receive(server, 7 * i)
            send(server, 1000 + i)
            server_sent = client.recv(5, socket.MSG_PEEK)
            assert len(server_sent) == 5
            receive(client, 1000 + i)
        send(client, 50)
        pid = os.fork()
        if pid == 0:
            os._exit(0 if len(server.recv(50, socket.MSG_WAITALL)) == 50 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        note("receive", server, 50, pid=pid)
        send(client, 60)
        client.close()
        receive(server, 60)
        assert server.recv(10) == b""
        server.close()


def over_udp(address, family):
    one, other = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
    one.bind((address, 0))
    other.bind((address, 0))
    one.connect(other.getsockname()[:2])
    for size in (0, 1, 1400, 20000):
        send(one, size)
        note("receive", other, len(other.recv(65536)), remote=False)
        note("send", other, other.sendto(bytes(size), one.getsockname()[:2]), remote=False)
        receive(one, 65536)


over_tcp("127.0.0.1", socket.AF_INET)
over_tcp("::1", socket.AF_INET6)
over_udp("127.0.0.1", socket.AF_INET)
over_udp("::1", socket.AF_INET6)
json.dump(told, sys.stdout)
