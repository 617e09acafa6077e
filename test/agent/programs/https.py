"""A TLS server (`serve`: prints its port, answers each request with its path, ends with stdin) or client (`ask PORT PATH...`, one
connection kept alive), by the OpenSSL library of the system. The certificate and key come in the environment."""
import os
import socket
import ssl
import sys
import tempfile
import threading


def with_file(text, use):
    with tempfile.NamedTemporaryFile('w') as file:
        file.write(text)
        file.flush()
        return use(file.name)


def answer(connection):
    while True:
        request = b''
        while not request.endswith(b'\r\n\r\n'):
            more = connection.recv(4096)
            if not more:
                return
            request += more
        body = b'python says ' + request.split(b' ')[1]
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


def accept(listener, context):
    while True:
        raw, _ = listener.accept()
        try:
            answer(context.wrap_socket(raw, server_side=True))
        except OSError:
            pass


def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = os.environ['TEST_CERT'] + os.environ['TEST_KEY']
    with_file(pair, context.load_cert_chain)
    listener = socket.create_server(('127.0.0.1', 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    sys.stdin.read()


def ask(port, paths):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with_file(os.environ['TEST_CERT'], context.load_verify_locations)
    connection = context.wrap_socket(socket.create_connection(('127.0.0.1', int(port))))
    for path in paths:
        connection.sendall(b'GET %s HTTP/1.1\r\nHost: test\r\n\r\n' % path.encode())
        print(connection.recv(4096).split(b'\r\n\r\n')[1].decode(), flush=True)
    connection.close()


if sys.argv[1] == 'serve':
    serve()
else:
    ask(sys.argv[2], sys.argv[3:])
