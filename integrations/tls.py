"""Whom a TLS connection believes: the authorities this computer trusts, or a certificate of one's own.

A setting of one text says it: empty; the certificate of an authority (PEM), or a file that holds one; or the SHA-256
fingerprint of the very certificate that is expected, which then needs no authority, name or date. Every connection
takes its `ssl.SSLContext` from here, so that HTTP, WebSocket and MQTT believe the same and say the same.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import requests.certs
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from .errors import Untrusted

_Value = TypeVar("_Value")

HELP = (
    "Only for https or TLS with a certificate of your own: the certificate of its authority (it begins with -----BEGIN "
    "CERTIFICATE-----), a file on this computer that holds it, or the SHA-256 fingerprint of its own certificate. "
    "Empty: the authorities this computer trusts."
)
_FINGERPRINT = re.compile(r"(?:sha-?256[:= ]*)?((?:[0-9a-f]{2}[: ]?){31}[0-9a-f]{2})", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_LONGEST = 20_000
_NO_CERTIFICATE = "{} holds no certificate. One begins with -----BEGIN CERTIFICATE-----."
#: What OpenSSL found wrong (X509_V_ERR_…).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAMES, _UNKNOWN_AUTHORITY = {9}, {10}, {62, 63, 64}, {2, 18, 19, 20, 21, 27}


class FingerprintMismatch(ssl.SSLError):
    """Another certificate than the pinned one."""


class _PinnedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        shown = self.getpeercert(binary_form=True) or b""
        if hashlib.sha256(shown).hexdigest() != self.context.pin:
            raise FingerprintMismatch("another certificate than the pinned one")


class _PinningContext(ssl.SSLContext):
    """Believes the one certificate with the fingerprint `pin`, before anything is sent, and no other."""

    sslsocket_class = _PinnedSocket
    pin = ""


# --- the setting ----------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def certificate(text: str) -> str:
    """The setting in one spelling. Raises ValueError with a sentence for what is none."""
    text = text.strip()
    if not text:
        return ""
    if len(text) > _LONGEST:
        raise ValueError("This is too long for a certificate. Paste one, or name the file that holds them.")
    pin = pin_of(text)
    if pin:
        return shown(pin)
    if "BEGIN" in text:
        return _spelled_pem(text)
    if not text.startswith("/"):
        raise ValueError(
            "This is no certificate. Paste one that begins with -----BEGIN CERTIFICATE-----, name a file of this "
            "computer like /etc/ssl/my-ca.pem, or enter a SHA-256 fingerprint (64 hexadecimal digits)."
        )
    _authority(text)
    return text


def pin_of(text: str) -> str:
    """The 64 hexadecimal digits of a fingerprint; empty for anything else."""
    found = _FINGERPRINT.fullmatch(text.strip())
    return re.sub("[: ]", "", found[1]).lower() if found else ""


def shown(pin: str) -> str:
    """A fingerprint as other programs show it: “AB:CD:…”."""
    return ":".join(pin[at : at + 2] for at in range(0, len(pin), 2)).upper()


def _spelled_pem(text: str) -> str:
    """The certificates in `text`, lines as they belong: an input of one line joins them."""
    found = ["".join(body.split()) for body in _PEM.findall(text)]
    if not found:
        raise ValueError(_NO_CERTIFICATE.format("What was pasted"))
    lines = [
        line
        for body in found
        for line in (
            "-----BEGIN CERTIFICATE-----",
            *(body[at : at + 64] for at in range(0, len(body), 64)),
            "-----END CERTIFICATE-----",
        )
    ]
    pem = "\n".join(lines)
    _authority(pem)
    return pem


def _check(text: str) -> str:
    try:
        return certificate(text)
    except ValueError as error:
        raise PydanticCustomError("certificate", "{problem}", {"problem": str(error)}) from None


#: The type of an adapter's setting, and the setting itself.
Certificate = Annotated[str, AfterValidator(_check)]


def certificate_field() -> Any:
    return Field("", max_length=_LONGEST, title="Certificate", description=HELP)


# --- what it means --------------------------------------------------------------------------------


def context(text: str = "") -> ssl.SSLContext:
    """Whom to believe, by the setting. Raises `Untrusted` where its certificate cannot be read any more."""
    try:
        setting = certificate(text)
        return _authority(setting) if setting.startswith("/") else _made(setting)
    except ValueError as error:
        raise Untrusted(str(error)) from None


@lru_cache(maxsize=64)
def _made(text: str) -> ssl.SSLContext:
    pin = pin_of(text)
    if pin:
        pinning = _PinningContext(ssl.PROTOCOL_TLS_CLIENT)
        pinning.check_hostname, pinning.verify_mode, pinning.pin = False, ssl.CERT_NONE, pin
        return pinning
    if text:
        return _authority(text)
    trusting = ssl.create_default_context()
    trusting.load_verify_locations(requests.certs.where())
    return trusting


def _authority(text: str) -> ssl.SSLContext:
    """Believes the certificates in this file or PEM text, and no other. Raises ValueError with a sentence."""
    try:
        if text.startswith("/"):
            if Path(text).exists() and not Path(text).is_file():
                raise ValueError
            own = ssl.create_default_context(cafile=text)
        else:
            own = ssl.create_default_context(cadata=text)
    except FileNotFoundError:
        raise ValueError(f"There is no file {text[:200]} on this computer.") from None
    except PermissionError:
        raise ValueError(f"The program may not read {text[:200]}.") from None
    except (OSError, ValueError):
        what = text[:200] if text.startswith("/") else "What was pasted"
        raise ValueError(_NO_CERTIFICATE.format(what)) from None
    # A server's own certificate, or one between it and its authority, is as good: it was given by hand.
    own.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return own


# --- what is wrong --------------------------------------------------------------------------------


def explained(error: BaseException | None, who: str, host: str, port: int) -> Untrusted | None:
    """Why its certificate is not believed, in plain words; None where it is not about a certificate.

    `who` is how sentences call it, with its address.
    """
    if isinstance(error, FingerprintMismatch):
        text = (
            f"{who[:1].upper()}{who[1:]} shows another certificate than the one whose fingerprint was entered. If it "
            "was renewed, enter the new fingerprint; if not, something else answers there."
        )
        return Untrusted(text, host, port)
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    code = error.verify_code
    if code in _EXPIRED:
        text = f"The certificate of {who} has expired. Renew it there, or pin it by its fingerprint."
    elif code in _NOT_YET_VALID:
        text = f"The certificate of {who} is not valid yet. Is the clock of this computer right?"
    elif code in _OTHER_NAMES:
        text = (
            f"The certificate of {who} is for another name. Enter the address with the name it was made for, or pin it "
            "by its fingerprint."
        )
    elif code in _UNKNOWN_AUTHORITY:
        text = (
            f"The certificate of {who} comes from an authority this computer does not know. If it is your own, enter "
            "that authority’s certificate, or pin this one by its fingerprint."
        )
    else:
        text = f"The certificate of {who} is not accepted ({error.verify_message})."
    return Untrusted(text, host, port)


def told(look: Callable[[float], _Value]) -> Callable[[float], _Value]:
    """`look(deadline)` that names the fingerprint of a certificate it does not believe, for a person to compare."""

    def looked(deadline: float) -> _Value:
        try:
            return look(deadline)
        except Untrusted as error:
            pin = seen_fingerprint(error.host, error.port, deadline) if error.host else ""
            if not pin:
                raise
            raise Untrusted(
                f"{error} The SHA-256 fingerprint it shows is {shown(pin)}; enter it as certificate only if it is the "
                "one the device itself shows.",
                error.host,
                error.port,
            ) from None

    return looked


def seen_fingerprint(host: str, port: int, deadline: float) -> str:
    """The fingerprint of the certificate that is shown there, believed or not; empty when none is. Nothing is sent."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    try:
        left = deadline - time.monotonic()
        if left <= 0:
            return ""
        plain = socket.create_connection((host, port), timeout=left)
        with plain, asking.wrap_socket(plain, server_hostname=host) as secure:
            return hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()
    except (OSError, ValueError):
        return ""
