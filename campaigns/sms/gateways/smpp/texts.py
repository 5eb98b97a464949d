"""Texts as they go over SMPP: GSM 03.38 with one septet to an octet, or UCS-2, in as many parts as they take."""

from __future__ import annotations

import zlib
from typing import Any

from smpplib import consts
from smsutil import gsm_split, is_valid_gsm, unicode_split

# What data_coding 0, "the SMSC's default alphabet", may mean: the standard leaves it to the provider.
ALPHABETS = {"gsm7": "gsm0338", "latin1": "latin-1"}
# Of an incoming text. What is not here holds no text: ring tones, settings of a phone.
CODECS = {
    consts.SMPP_ENCODING_IA5: "latin-1",
    consts.SMPP_ENCODING_ISO88591: "latin-1",
    consts.SMPP_ENCODING_ISO88595: "iso8859-5",
    consts.SMPP_ENCODING_ISO88598: "iso8859-8",
    consts.SMPP_ENCODING_ISO10646: "utf-16-be",
}
MOST_PARTS = 255


class TextTooLong(ValueError):
    """It takes more parts than a phone can join."""


def parts_of(text: str, reference: str, *, alphabet: str, by_sar: bool) -> list[dict[str, Any]]:
    """For each part of a text, what of its submit_sm is about the text. The same reference joins the same parts."""
    data_coding, pieces = _encode(text, alphabet)
    if len(pieces) > MOST_PARTS:
        raise TextTooLong
    if len(pieces) == 1:
        return [{"data_coding": data_coding, "short_message": pieces[0]}]
    key, join = zlib.crc32(reference.encode()), _by_sar if by_sar else _by_header
    return [
        {"data_coding": data_coding, **join(piece, key, len(pieces), number)}
        for number, piece in enumerate(pieces, start=1)
    ]


def decode(data: bytes, data_coding: int, *, alphabet: str) -> str | None:
    """None: what came is no text."""
    if data_coding == consts.SMPP_ENCODING_DEFAULT:
        # A septet has no eighth bit: whoever sets it has not kept to GSM 03.38.
        codec = ALPHABETS[alphabet] if max(data, default=0) < 0x80 else "latin-1"
    elif data_coding in CODECS:
        codec = CODECS[data_coding]
    else:
        return None
    return data.decode(codec, "replace").replace("\0", "")


def _encode(text: str, alphabet: str) -> tuple[int, list[bytes]]:
    """Cut as the parts of a message are counted, between characters and never inside one."""
    if is_valid_gsm(text):
        try:
            pieces = [part.content.encode(ALPHABETS[alphabet]) for part in gsm_split(text).parts]
        except UnicodeEncodeError:  # Latin-1 lacks the Greek letters and the euro that GSM 03.38 has
            pass
        else:
            return consts.SMPP_ENCODING_DEFAULT, pieces
    return consts.SMPP_ENCODING_ISO10646, [part.content.encode("utf-16-be") for part in unicode_split(text).parts]


def _by_header(piece: bytes, key: int, total: int, number: int) -> dict[str, Any]:
    """3GPP 23.040, 9.2.3.24.1: a header of six octets before the text."""
    header = bytes((5, consts.SMPP_UDHIEIE_CONCATENATED, 3, key & 0xFF, total, number))
    return {"esm_class": consts.SMPP_GSMFEAT_UDHI, "short_message": header + piece}


def _by_sar(piece: bytes, key: int, total: int, number: int) -> dict[str, Any]:
    """SMPP 3.4, 5.3.2.22 to 24: the SMSC makes the header."""
    joined = {"sar_msg_ref_num": key & 0xFFFF, "sar_total_segments": total, "sar_segment_seqnum": number}
    return {"short_message": piece, **joined}
