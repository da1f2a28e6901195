"""Drives whole client sessions of MS-WUSP against a server of which it knows only the address.

    python3 conformance/wusp --url http://server:8530 [--state FILE] [--resume FILE] [--soap 1.1|1.2]

Exit code 0 when every check held, 1 when one did not, 2 when the server could not be reached.
"""

import argparse
import sys
import traceback

import requests

from checks import Checks
from session import recover, whole_session


def main() -> int:
    arguments = parse_arguments()
    checks = Checks()
    try:
        if arguments.resume:
            recover(arguments, checks)
        else:
            whole_session(arguments, checks)
    except requests.exceptions.ConnectionError as error:
        print(f"cannot reach {arguments.url}: {error}", file=sys.stderr)
        return 2
    except Exception:  # pylint: disable=broad-exception-caught
        checks.note("the session comes to its end", False, traceback.format_exc())
    return checks.finish()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", required=True, type=lambda url: url.rstrip("/"), help="http://server:8530")
    parser.add_argument("--soap", choices=["1.1", "1.2"], default="1.1")
    parser.add_argument("--state", help="where to keep what the client knows at the end")
    parser.add_argument("--resume", help="go on with this state: the server is expected to answer ServerChanged")
    parser.add_argument("--name", default="moult-conformance", help="DNS name to register under")
    parser.add_argument("--max-download-mib", type=int, default=64, help="larger files are not downloaded")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
