"""Drives every operation of MS-WSUSSS as a downstream server does, against a server of which it knows only the address.

    python3 conformance/wsusss --url http://server:8530

Four times: SOAP 1.1 and 1.2, plain and Xpress. Exit code 0 when every check held, 1 when one did not, 2 without a server.
The roll-up leaves one made-up downstream server with one computer there.
"""

import argparse
import os
import sys
import traceback

import requests

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wusp"))

from checks import Checks  # noqa: E402
from downstream import Upstream, whole_walk  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="wsusss", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", required=True, type=lambda url: url.rstrip("/"), help="http://server:8530")
    url = parser.parse_args().url
    checks = Checks()
    try:
        for version in ("1.1", "1.2"):
            upstream = Upstream(url, version)
            said = {}
            for coding in ("identity", "xpress"):
                upstream.transport.coding = coding
                said[coding] = whole_walk(upstream, checks, f"SOAP {version}, {coding}")
            checks.equal(f"plain and Xpress say the same (SOAP {version})", said["xpress"], said["identity"])
            checks.equal(f"every message is valid against its contract (SOAP {version})", upstream.problems, [])
    except requests.exceptions.ConnectionError as error:
        print(f"cannot reach {url}: {error}", file=sys.stderr)
        return 2
    except Exception:  # pylint: disable=broad-exception-caught
        checks.note("the walk comes to its end", False, traceback.format_exc())
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
