"""A client of PostgreSQL on the libpq that a wheel of psycopg2-binary brings: with an OpenSSL of its own, in files with hashed names. Arguments: a file of
libpq, a connection string. Runs each line of stdin as a statement on one connection, and prints how it ended: 1 and 2 are well, 7 is an error."""
import ctypes
import sys

libpq = ctypes.CDLL(sys.argv[1])
libpq.PQconnectdb.restype = libpq.PQexec.restype = ctypes.c_void_p
libpq.PQstatus.argtypes = libpq.PQresultStatus.argtypes = libpq.PQclear.argtypes = libpq.PQfinish.argtypes = libpq.PQsslInUse.argtypes = [ctypes.c_void_p]
libpq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]

connection = libpq.PQconnectdb(sys.argv[2].encode())
print('tls' if libpq.PQstatus(connection) == 0 and libpq.PQsslInUse(connection) else 'no tls', flush=True)
for statement in sys.stdin:
    result = libpq.PQexec(connection, statement.encode())
    print(libpq.PQresultStatus(result), flush=True)
    libpq.PQclear(result)
libpq.PQfinish(connection)
