"""Checks, told one line each, as they are made."""

import sys

from zeep.exceptions import Fault


class Checks:
    def __init__(self):
        self.held = 0
        self.failed = 0

    def note(self, what, holds, otherwise=""):
        """Tells whether something holds; `otherwise` says what was found instead."""
        if holds:
            self.held += 1
            print(f"ok      {what}")
        else:
            self.failed += 1
            print(f"NOT OK  {what}")
            for line in str(otherwise).rstrip().splitlines():
                print(f"        {line}")
        sys.stdout.flush()

    def equal(self, what, found, wanted):
        self.note(what, found == wanted, f"found {found!r}, wanted {wanted!r}")

    def fault(self, what, wanted, call):
        """The call must end in the fault with this ErrorCode; `wanted` may be a tuple of several."""
        codes = (wanted,) if isinstance(wanted, str) else wanted
        try:
            answer = call()
        except Fault as fault:
            found = error_code(fault)
            self.note(f"{what} is {' or '.join(codes)}", found in codes, f"found {found}")
        else:
            self.note(f"{what} is {' or '.join(codes)}", False, f"answered: {str(answer)[:300]}")

    def finish(self):
        print(f"\n{self.held} checks held, {self.failed} did not")
        return 1 if self.failed else 0


def error_code(fault):
    """The ErrorCode in a fault's detail, which carries no namespace."""
    found = None if fault.detail is None else fault.detail.find(".//ErrorCode")
    return "none" if found is None else (found.text or "").strip()
