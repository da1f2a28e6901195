"""Content as Delivery Optimization fetches it: closed ranges of 1 MiB in shuffled order, then the digests."""

import base64
import hashlib
import random
import re

PIECE = 1024 * 1024


def check_file(http, checks, url, sha1, sha256, size):
    """Downloads one file and checks everything that agents rely on."""
    name = url.rsplit("/", 1)[-1]
    pieces = [(start, min(start + PIECE, size) - 1) for start in range(0, size, PIECE)]
    random.Random(sha1).shuffle(pieces)
    content = bytearray(size)
    wrong = []
    tags = set()
    for first, last in pieces:
        answer = http.get(url, headers={"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"}, timeout=60)
        headers = answer.headers
        tags.add(headers.get("ETag"))
        wanted = (206, f"bytes {first}-{last}/{size}", str(last - first + 1))
        found = (answer.status_code, headers.get("Content-Range"), headers.get("Content-Length"))
        if found != wanted or "Content-Encoding" in headers:
            wrong.append((found, wanted))
        else:
            content[first : last + 1] = answer.content
    checks.note(f"{name}: {len(pieces)} ranges in shuffled order are 206, exact", not wrong, wrong[:3])
    strong = len(tags) == 1 and re.fullmatch(r'"[^"]+"', next(iter(tags)) or "")
    checks.note(f"{name}: one strong ETag", strong, tags)
    checks.equal(f"{name}: SHA-1", base64.b64encode(hashlib.sha1(content).digest()), base64.b64encode(sha1))
    if sha256:
        found = base64.b64encode(hashlib.sha256(content).digest()).decode()
        checks.equal(f"{name}: SHA-256 of the metadata", found, sha256)
    check_edges(http, checks, url, size, bytes(content))


def check_edges(http, checks, url, size, content):
    name = url.rsplit("/", 1)[-1]
    head = http.head(url, timeout=60)
    checks.equal(f"{name}: HEAD has the length", (head.status_code, head.headers.get("Content-Length")), (200, str(size)))
    beyond = http.get(url, headers={"Range": f"bytes={size}-"}, timeout=60)
    found = (beyond.status_code, beyond.headers.get("Content-Range"))
    checks.equal(f"{name}: a range behind the end is 416", found, (416, f"bytes */{size}"))
    suffix = http.get(url, headers={"Range": "bytes=-1"}, timeout=60)
    checks.equal(f"{name}: a suffix range", (suffix.status_code, suffix.content), (206, content[-1:]))
    host, path = re.fullmatch(r"(https?://[^/]+)(/.*)", url).groups()
    for other in (path.lower(), path.upper()):
        found = http.head(host + other, timeout=60).status_code
        checks.equal(f"{name}: the letter case of its path does not matter ({other[:12]}…)", found, 200)
