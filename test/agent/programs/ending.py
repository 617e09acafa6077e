"""Asks the server at PORT (argument 1) in a child that cannot end: it is the first process of a namespace of process ids in which another one still
waits for its parent. Its memory is gone by then. Prints its id, and lets it end with stdin."""
import ctypes
import os
import socket
import sys
import time

CLONE_NEWPID = 0x20000000
MEMORY = 22


def memory_of(pid):
    with open('/proc/%d/stat' % pid) as stat:
        return int(stat.read().rsplit(')', 1)[1].split()[MEMORY - 2])


if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWPID):
    raise OSError(ctypes.get_errno(), 'unshare')
ready, go = os.pipe()
child = os.fork()
if child == 0:
    os.read(ready, 1)
    socket.create_connection(('127.0.0.1', int(sys.argv[1]))).sendall(b'GET / HTTP/1.1\r\n\r\n')
    os._exit(0)
waiting = os.fork()
if waiting == 0:
    os._exit(0)
os.waitid(os.P_PID, waiting, os.WEXITED | os.WNOWAIT)
os.write(go, b'.')
while memory_of(child) != 0:
    time.sleep(0.01)
print(child, flush=True)
sys.stdin.read()
os.waitpid(waiting, 0)
os.waitpid(child, 0)
