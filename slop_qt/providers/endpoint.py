"""Where a vendor's API is and with which key: checked once, before anything connects."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from slop_qt.core.errors import ConfigurationError

__all__ = ["Endpoint", "Vendor", "is_official", "server_root", "shown_address"]

_USER = re.compile(r"//[^/@]*@")
_OFFICIAL = "api.openai.com"
# A shorter "key" is a word for a server that asks for none: no secret, and replacing it would spoil the messages.
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True)
class Vendor:
    """A kind of API in the words of messages: who offers it, what it is called, what the person sets it by.

    key_variable is empty where the environment has no key for it. no_key is what to do where there is no key.
    """

    label: str
    api: str
    key_variable: str
    address_variable: str
    base_url: str
    local_example: str
    no_key: str

    @property
    def key_hint(self) -> str:
        """What to do where the key is refused."""
        if not self.key_variable:
            return f"Enter a valid key for {self.label} in the settings."
        return f"Set {self.key_variable} to a valid key, then start again, or enter one in the settings."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of such an API. key may be empty where the server asks for none."""

    vendor: Vendor
    base_url: str
    host: str
    key: str = field(repr=False)

    @classmethod
    def checked(cls, vendor: Vendor, *, base_url: str, key: str, key_needed: bool = True) -> "Endpoint":
        """An empty address is the vendor's own. Raises ConfigurationError where key or address cannot be one."""
        address = base_url or vendor.base_url
        return cls(vendor, address, _host(vendor, address), _checked_key(vendor, key, key_needed=key_needed))

    def redact(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self.key, "[key]") if len(self.key) >= _SHORTEST_SECRET else text


def is_official(base_url: str) -> bool:
    """Whether the address is OpenAI's own, at which its API is stricter than those of the compatible."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return False
    return host == _OFFICIAL or host.endswith(f".{_OFFICIAL}")


def shown_address(base_url: str) -> str:
    """The address without a user and password that it may have."""
    return _USER.sub("//", base_url)


def server_root(base_url: str) -> str:
    """The address of a server of OpenAI's API without the /v1: below it are things of the server's own."""
    return base_url.rstrip("/").removesuffix("/v1").rstrip("/")


def _checked_key(vendor: Vendor, key: str, *, key_needed: bool) -> str:
    stripped = key.strip()
    if not stripped and key_needed:
        raise ConfigurationError(f"There is no key for {vendor.label}.", vendor.no_key)
    if not (stripped.isascii() and stripped.isprintable()) or " " in stripped:
        raise ConfigurationError(
            f"The key for {vendor.label} has characters that a key cannot have.",
            f"Copy it into {vendor.key_variable} again, or into the settings."
            if vendor.key_variable
            else "Copy it into the settings again.",
        )
    return stripped


def _host(vendor: Vendor, base_url: str) -> str:
    """Host and port of an address, for messages."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"{vendor.address_variable} is {shown_address(base_url)!r}, which is not an address.",
            f"Write it like {vendor.base_url} or {vendor.local_example}.",
        )
    if "@" in parts.netloc:  # the SDKs send a key in the header that it would be sent in, and fail on both
        raise ConfigurationError(
            f"{vendor.address_variable} is {shown_address(base_url)} with a user or a password before the host.",
            "Leave that out of the address; what the server wants to see is given as its key.",
        )
    return parts.netloc
