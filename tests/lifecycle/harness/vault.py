"""A vault that keeps the keys of stacks' secrets, as HashiCorp's transit engine would.

A passphrase costs each update a million rounds of a hash: a fifth of a second, as much as the rest
of the engine's work on a small stack. Secrets are encrypted as ever, with a key of each stack's
own; the vault, which the engine asks to wrap that key, only marks it. The project's own stacks have
a passphrase.
https://developer.hashicorp.com/vault/api-docs/secret/transit#encrypt-data
"""

import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROVIDER = "hashivault://stacks"
_MARK = "vault:v1:"


class _Transit(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        given = json.loads(self.rfile.read(length))
        if self.path == "/v1/transit/encrypt/stacks":
            answer = {"ciphertext": _MARK + given["plaintext"]}
        else:
            assert self.path == "/v1/transit/decrypt/stacks", self.path
            answer = {"plaintext": given["ciphertext"].removeprefix(_MARK)}
        body = json.dumps({"data": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT  # noqa: N815 - the two verbs are one to Vault

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: these are the engine's calls, not a test's."""


@cache
def vault() -> dict[str, str]:
    """The variables that lead the engine to the vault of this process of the tests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Transit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    return {"VAULT_SERVER_URL": url, "VAULT_SERVER_TOKEN": "any", "VAULT_ADDR": url}
