"""HTTP over one connection for each argument, with the system calls and pieces that a test asks for, by a client and a
server in one process. Prints what was exchanged as a JSON list.

    http_workload.py '{"send": "writev", "receive": "recvmsg", "piece": 7, "requests": [["GET", "/", 200, 5]]}' ...

A request is its method, path, the status and the size of the body of its response, and optionally of its own body.
"""

import json
import os
import socket
import sys
import threading

PIECES = {
    "write": lambda s, data: os.write(s.fileno(), data),
    "send": lambda s, data: s.send(data),
    "sendto": lambda s, data: s.sendto(data, s.getpeername()),
    # The head is in the first two of several buffers.
    "writev": lambda s, data: os.writev(s.fileno(), [data[:9], data[9:20], b"", data[20:]]),
    "sendmsg": lambda s, data: s.sendmsg([data[:20], data[20:]]),
}


def receive_into(function):
    def receive(s):
        parts = [bytearray(3), bytearray(5000), bytearray(60000)]
        count = function(s, parts)
        return b"".join(parts)[:count]

    return receive


RECEIVES = {
    "read": lambda s: os.read(s.fileno(), 65536),
    "recv": lambda s: s.recv(65536),
    "recvfrom": lambda s: s.recvfrom(65536)[0],
    "byte": lambda s: s.recv(1),
    "readv": receive_into(lambda s, parts: os.readv(s.fileno(), parts)),
    "recvmsg": receive_into(lambda s, parts: s.recvmsg_into(parts)[0]),
}


class End:
    """One end of the connection."""

    def __init__(self, sock, options):
        self.sock = sock
        self.send_piece = PIECES[options.get("send", "send")]
        self.receive_piece = RECEIVES[options.get("receive", "recv")]
        self.piece = options.get("piece", 1 << 20)
        self.buffered = b""

    def send(self, data):
        while data:
            sent = self.send_piece(self.sock, data[: self.piece])
            data = data[sent:]

    def message(self, has_body=True):
        """The next message: its first line and the size of its body."""
        while b"\r\n\r\n" not in self.buffered:
            more = self.receive_piece(self.sock)
            if not more:
                return None
            self.buffered += more
        head, self.buffered = self.buffered.split(b"\r\n\r\n", 1)
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        left = length = int(fields.get(b"Content-Length", 0)) if has_body else 0
        while left:
            if not self.buffered:
                self.buffered = self.receive_piece(self.sock)
            used = min(left, len(self.buffered))
            self.buffered, left = self.buffered[used:], left - used
        return head.split(b"\r\n")[0].decode(), length


def body(size):
    """Bytes that look like heads."""
    return (b"GET /in-a-body HTTP/1.1\r\nHost: no\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" * (size // 50 + 1))[:size]


def request(method, path, _status, _size, own=0):
    length = f"Content-Length: {own}\r\n" if own else ""
    return f"{method} {path} HTTP/1.1\r\nHost: example.org\r\n{length}\r\n".encode() + body(own)


def serve(listener, options):
    end = End(listener.accept()[0], options)
    for method, _path, status, size, *_own in options["requests"]:
        if end.message() is None:
            break
        if status == 0:
            break
        interim = b"HTTP/1.1 100 Continue\r\n\r\n" if options.get("interim") else b""
        head = f"HTTP/1.1 {status} Reason\r\nServer: test\r\nContent-Length: {size}\r\n\r\n".encode()
        end.send(interim + head + (b"" if method == "HEAD" else body(size)))
    end.sock.close()


def exchange(options):
    family = socket.AF_INET6 if options.get("ipv6") else socket.AF_INET
    listener = socket.create_server(("::1" if options.get("ipv6") else "127.0.0.1", 0), family=family)
    server = threading.Thread(target=serve, args=(listener, options))
    server.start()
    client = End(socket.create_connection(listener.getsockname()[:2]), options)
    local, remote = client.sock.getsockname()[:2], client.sock.getpeername()[:2]
    answered = 0
    if options.get("pipelined"):
        client.send(b"".join(request(*each) for each in options["requests"]))
    for each in options["requests"]:
        if not options.get("pipelined"):
            client.send(request(*each))
        while (message := client.message(each[0] != "HEAD")) and message[0].split()[1] == "100":
            pass
        if message is None:
            break
        answered += 1
    client.sock.close()
    server.join()
    listener.close()
    return {"pid": os.getpid(), "client": local, "server": remote, "answered": answered}


if __name__ == "__main__":
    json.dump([exchange(json.loads(each)) for each in sys.argv[1:]], sys.stdout)
