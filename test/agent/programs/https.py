"""A TLS server (`serve [PORT]`: prints its port, answers each request with its path, in between asks the server at PORT from the same
thread, ends with stdin) or client (`ask PORT PATH...`, one
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


def answer(connection, behind):
    while True:
        request = b''
        while not request.endswith(b'\r\n\r\n'):
            # All but the first come from the library's buffer.
            more = connection.recv(16)
            if not more:
                return
            if behind and not request:
                fetch(behind, '/behind')
            request += more
        body = b'python says ' + request.split(b' ')[1]
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


def accept(listener, context, behind):
    while True:
        raw, _ = listener.accept()
        try:
            answer(context.wrap_socket(raw, server_side=True), behind)
        except OSError:
            pass


def serve(behind=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = os.environ['TEST_CERT'] + os.environ['TEST_KEY']
    with_file(pair, context.load_cert_chain)
    listener = socket.create_server(('127.0.0.1', 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(listener, context, behind and connect(behind)), daemon=True).start()
    sys.stdin.read()


def connect(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with_file(os.environ['TEST_CERT'], context.load_verify_locations)
    return context.wrap_socket(socket.create_connection(('127.0.0.1', int(port))))


def fetch(connection, path):
    connection.sendall(b'GET %s HTTP/1.1\r\nHost: test\r\n\r\n' % path.encode())
    return connection.recv(4096).split(b'\r\n\r\n')[1].decode()


def ask(port, paths):
    connection = connect(port)
    for path in paths:
        print(fetch(connection, path), flush=True)
    connection.close()


if sys.argv[1] == 'serve':
    serve(*sys.argv[2:])
else:
    ask(sys.argv[2], sys.argv[3:])
