"""Kubernetes' protobuf, as far as a test needs to write it: client-go sends it for the kinds that Go knows."""

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"


def varint(number):
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def field(number, value):
    """A text, bytes (of a message too), a boolean or a number that is not negative."""
    if isinstance(value, int):  # booleans too
        return varint(number << 3) + varint(int(value))
    encoded = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(encoded)) + encoded


def message(*fields):
    """Pairs of number and value."""
    return b"".join(field(number, value) for number, value in fields)


def entries(number, mapping):
    """A map: an entry each."""
    return [(number, message((1, key), (2, value))) for key, value in mapping.items()]


def metadata(name, labels=None, more=()):
    return (1, message((1, name), *entries(11, labels or {}), *more))


def body(api_version, kind, *fields):
    """The magic bytes and a runtime.Unknown."""
    return b"k8s\0" + message((1, message((1, api_version), (2, kind))), (2, message(*fields)), (3, ""), (4, ""))
