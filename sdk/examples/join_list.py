"""Puts a server that is no muster on the list of a directory: docs/openapi-directory.yaml by hand.

    python3 join_list.py DIRECTORY_URL KEY ADDRESS PORT
"""
import base64, hashlib, hmac, json, socketserver, sys, threading, time, urllib.error, urllib.request

DIRECTORY, KEY, ADDRESS, PORT = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
me = {}  # what the registration has answered

def ask(method, path, secret, body):
    head = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    request = urllib.request.Request(DIRECTORY + path, json.dumps(body).encode(), head, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)

def register():
    me.update(ask("POST", "/v1/servers", KEY, {
        "serverName": "A server in Python", "region": "local", "maxLobbies": 1, "supportedGameModes": ["chess"],
        "version": "1.0", "adminContact": "", "address": ADDRESS, "port": PORT}))

class Proof(socketserver.StreamRequestHandler):
    """ws://ADDRESS:PORT/directory: one message in, one out. A game would answer its players here, too."""

    def handle(self):
        head = {}
        while (line := self.rfile.readline(4096)).strip():
            name, _, value = line.decode("latin-1").partition(":")
            head[name.lower()] = value.strip()
        key = head["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: muster.directory.v1\r\n\r\n").encode())
        size = self.rfile.read(2)[1] & 127  # a short frame: {"nonce": "64 hex digits"}
        mask, masked = self.rfile.read(4), self.rfile.read(size)
        nonce = json.loads(bytes(b ^ mask[i % 4] for i, b in enumerate(masked)))["nonce"]
        text = f"{nonce}|{me['serverId']}|{me['address']}:{me['port']}"
        proof = hmac.new(bytes.fromhex(me["proofSecret"]), text.encode(), hashlib.sha256).hexdigest()
        answer = json.dumps({"proof": proof}).encode()
        self.wfile.write(bytes([0x81, len(answer)]) + answer)

server = socketserver.ThreadingTCPServer(("", PORT), Proof)
threading.Thread(target=server.serve_forever, daemon=True).start()
register()
status, boot_id, sequence = "", int(time.time() * 1000), 0
while True:
    sequence += 1
    try:
        told = ask("PUT", f"/v1/servers/{me['serverId']}/status", me["serverToken"], {
            "bootId": boot_id, "sequence": sequence, "status": "healthy", "tickLatenessMs": 0,
            "health": dict.fromkeys(["cpuUsage", "memoryUsage", "diskUsage", "networkLatency",
                                     "activeConnections", "errorRate"], 0),
            "players": 0, "playersMax": 2, "lobbiesMax": 1, "freeSeats": 2, "lobbies": []})
        if told["status"] != status:
            print(status := told["status"], told.get("reason", ""), flush=True)
    except urllib.error.HTTPError as error:
        if error.code == 401: register()  # the token has ended
    except OSError as error:
        print("no answer:", error, flush=True)
    time.sleep(me["beatMs"] / 1000)
