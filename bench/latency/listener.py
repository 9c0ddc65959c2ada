# What a small event listener does: one push for each unexpected end and each FATAL.
# @see http://supervisord.org/events.html
import sys
import urllib.request

URL = sys.argv[1]

while True:
    sys.stdout.write('READY\n')
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        break
    header = dict(word.split(':', 1) for word in line.split())
    payload = dict(word.split(':', 1) for word in sys.stdin.read(int(header['len'])).split())
    if payload.get('expected') != '1':
        program = payload['groupname'] + ':' + payload['processname']
        query = '?status=down&ping=&msg=' + header['eventname'] + '%20' + program
        try:
            urllib.request.urlopen(URL + query, timeout=5).read()
        except OSError:
            pass
    sys.stdout.write('RESULT 2\nOK')
    sys.stdout.flush()
