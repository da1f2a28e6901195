"""The decoder of MS-WUSP 2.1.1 and MS-XCA (Plain LZ77), from the text of the specifications."""

import struct


def decode_stream(data):
    """Blocks back to back: original size, compressed size, payload; equal sizes mean that it is stored."""
    output = bytearray()
    at = 0
    while at < len(data):
        original, compressed = struct.unpack_from("<ii", data, at)
        at += 8
        payload = data[at : at + compressed]
        if not (0 < original <= 65535 and 0 < compressed <= original and len(payload) == compressed):
            raise ValueError(f"a block of {compressed} for {original} octets at {at - 8}")
        output += payload if original == compressed else decode_block(payload, original)
        at += compressed
    return bytes(output)


def decode_block(data, size):
    output = bytearray()
    at = flags = left = nibble_at = 0
    while len(output) < size:
        if left == 0:
            flags = struct.unpack_from("<I", data, at)[0]
            at += 4
            left = 32
        left -= 1
        if not (flags >> left) & 1:
            output.append(data[at])
            at += 1
            continue
        match = struct.unpack_from("<H", data, at)[0]
        at += 2
        length = match & 7
        distance = (match >> 3) + 1
        if length == 7:
            if nibble_at == 0:
                nibble_at = at
                length = data[at] & 15
                at += 1
            else:
                length = data[nibble_at] >> 4
                nibble_at = 0
            if length == 15:
                length = data[at]
                at += 1
                if length == 255:
                    length = struct.unpack_from("<H", data, at)[0]
                    at += 2
                    if length < 22:
                        raise ValueError("a long match that is short")
                    length -= 22
                length += 15
            length += 7
        length += 3
        if distance > len(output):
            raise ValueError("a match before the beginning")
        for _ in range(min(length, size - len(output))):
            output.append(output[-distance])
    return output
