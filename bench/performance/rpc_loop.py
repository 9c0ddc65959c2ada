"""Asks a supervisord for its processes once a second, as a script in Python would: rpc_loop.py SOCKET"""

import http.client
import socket
import sys
import time
import xmlrpc.client


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


class Transport(xmlrpc.client.Transport):
    def make_connection(self, host):
        if self._connection[0] != host:
            self._connection = host, Connection(host)
        return self._connection[1]


server = xmlrpc.client.ServerProxy("http://localhost", transport=Transport())
while True:
    server.supervisor.getAllProcessInfo()
    time.sleep(1)
