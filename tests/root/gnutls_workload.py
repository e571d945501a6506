"""Requests over a TLS connection of GnuTLS whose socket gets full, by its functions as they are; a server with OpenSSL
reads and answers only then. Prints how many there were, and how many calls went on with what an earlier one had taken.

    gnutls_workload.py KEY CERTIFICATE
"""

import ctypes
import json
import select
import socket
import ssl
import sys
import threading

CLIENT, CERTIFICATE, AGAIN = 1 << 1, 1, -28
REQUESTS = 300
BODY = b"b" * 12_000

gnutls = ctypes.CDLL("libgnutls.so.30")
gnutls.gnutls_record_send.restype = gnutls.gnutls_record_recv.restype = ctypes.c_ssize_t
gnutls.gnutls_record_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
gnutls.gnutls_record_recv.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]


def check(result):
    if result < 0:
        raise OSError(f"GnuTLS: {result}")
    return result


def serve(listener, context, full):
    raw = listener.accept()[0]
    with context.wrap_socket(raw, server_side=True) as connection:
        full.wait()
        files = connection.makefile("rb")
        for _ in range(REQUESTS):
            while files.readline() != b"\r\n":
                pass
            files.read(len(BODY))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def connect(port):
    raw = socket.create_connection(("127.0.0.1", port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    credentials, session = ctypes.c_void_p(), ctypes.c_void_p()
    check(gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials)))
    check(gnutls.gnutls_init(ctypes.byref(session), CLIENT))
    check(gnutls.gnutls_set_default_priority(session))
    check(gnutls.gnutls_credentials_set(session, CERTIFICATE, credentials))
    gnutls.gnutls_transport_set_int2(session, raw.fileno(), raw.fileno())
    check(gnutls.gnutls_handshake(session))
    raw.setblocking(False)
    return raw, session


def send(raw, session, data, full):
    """How often a call without data went on with it."""
    resumed, sent = 0, gnutls.gnutls_record_send(session, data, len(data))
    while sent == AGAIN:
        full.set()
        select.select([], [raw], [])
        resumed += 1
        sent = gnutls.gnutls_record_send(session, None, 0)
    if check(sent) != len(data):
        raise OSError(f"{sent} of {len(data)} bytes were sent")
    return resumed


def receive(raw, session, count):
    """Responses, each ends with an empty line."""
    buffer, got = ctypes.create_string_buffer(65536), b""
    while got.count(b"\r\n\r\n") < count:
        size = gnutls.gnutls_record_recv(session, buffer, len(buffer))
        if size == AGAIN:
            select.select([raw], [], [])
        elif check(size) == 0:
            raise EOFError("the server has ended the connection")
        else:
            got += buffer.raw[:size]


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[1])
    full = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        server = threading.Thread(target=serve, args=(listener, context, full), daemon=True)
        server.start()
        raw, session = connect(listener.getsockname()[1])
        resumed = 0
        for i in range(REQUESTS):
            head = f"POST /{i} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
            resumed += send(raw, session, head + BODY, full)
        full.set()
        receive(raw, session, REQUESTS)
        gnutls.gnutls_deinit(session)
        raw.close()
        server.join()
    json.dump({"requests": REQUESTS, "resumed": resumed}, sys.stdout)


if __name__ == "__main__":
    main()
