"""Answers, on this machine only, the calls with which a program reads the IAM of one account, from its export.

`python aws_server.py EXPORTS ACCOUNT PORT`. botocore's description of the services says how an answer is written, so that
every member of the export reaches the caller. What the export does not know is answered as if there were none of it.
"""

import json
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import Shape

Json = dict[str, Any]
SESSION = botocore.session.Session()
# By the version that a call names.
MODELS = {version: SESSION.get_service_model(name) for version, name in (("2010-05-08", "iam"), ("2011-06-15", "sts"))}
ABSENT = "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>"


def xml(shape: Shape, value: Any) -> str:
    """A value as the query protocol writes it."""
    if shape.type_name == "structure":
        present = ((name, member) for name, member in shape.members.items() if value.get(name) is not None)
        return "".join(f"<{name}>{xml(member, value[name])}</{name}>" for name, member in present)
    if shape.type_name == "list":
        return "".join(f"<member>{xml(shape.member, item)}</member>" for item in value)
    if isinstance(value, dict):
        return escape(urllib.parse.quote(json.dumps(value)))
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))


def empty(shape: Shape) -> Json:
    """The lists and marks that an answer must have."""
    plain: Json = {"list": [], "boolean": False}
    return {name: plain.get(member.type_name) for name, member in shape.members.items()}


def handler(exports: Path, account: str) -> type[BaseHTTPRequestHandler]:
    details = json.loads((exports / f"authorization-details-{account}.json").read_text())
    known = {
        "GetAccountAuthorizationDetails": details,
        "GetCallerIdentity": {"Account": account, "Arn": f"arn:aws:iam::{account}:root", "UserId": account},
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Answers leave in one piece: in two, each waits for the other side to acknowledge the first.
        wbufsize = 1 << 16

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            given = dict(urllib.parse.parse_qsl(body))
            name, model = given.get("Action", ""), MODELS.get(given.get("Version", ""))
            if model is None or name == "GetLoginProfile":
                return self.reply(404, "text/xml", ABSENT)
            shape = model.operation_model(name).output_shape
            result = xml(shape, {**empty(shape), **known.get(name, {})}) if shape else ""
            self.reply(200, "text/xml", f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>")

        def do_GET(self) -> None:
            self.reply(200, "text/plain", "ready")

        def reply(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


if __name__ == "__main__":
    exports, account, port = sys.argv[1:]
    ThreadingHTTPServer(("127.0.0.1", int(port)), handler(Path(exports), account)).serve_forever()
