"""Decodes the XML-RPC answer in a file so many times and prints what each took in milliseconds: decode.py FILE TIMES"""

import json
import sys
import time
import xmlrpc.client

text = open(sys.argv[1], "rb").read()
taken = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    xmlrpc.client.loads(text)
    taken.append((time.perf_counter() - start) * 1000)
json.dump(taken, sys.stdout)
