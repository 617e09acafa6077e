"""An HTTP server as none should be: it listens on IPv6 for IPv4 too, forks for each connection, and the child answers through a copy of
the descriptor, with the id of its process. Prints its port, asks itself the paths that stdin has, one a line, over IPv4, and prints the answers."""
import os
import signal
import socket
import sys

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listener = socket.socket(socket.AF_INET6)
listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
listener.bind(('::', 0))
listener.listen()
port = listener.getsockname()[1]


def answer(connection):
    copy = os.dup(connection.fileno())
    connection.close()
    os.read(copy, 4096)
    body = b'%d' % os.getpid()
    os.writev(copy, [b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body), body])
    os.close(copy)
    os._exit(0)


def serve():
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            answer(connection)
        connection.close()


server = os.fork()
if server == 0:
    serve()
print(port, flush=True)
for path in sys.stdin:
    client = socket.create_connection(('127.0.0.1', port))
    client.sendall(b'GET %s HTTP/1.1\r\nHost: test\r\n\r\n' % path.strip().encode())
    received = b''
    while more := client.recv(4096):
        received += more
    print(received.split(b'\r\n\r\n')[1].decode(), flush=True)
    client.close()
os.kill(server, signal.SIGKILL)
