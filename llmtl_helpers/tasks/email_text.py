"""From the bytes of an e-mail to its subject and body. Taught in 06.

Nothing in a mailbox can be relied upon: each step has a way to go on, and what cannot be read at
all is one exception, for the caller to count. Some mail is made to keep its reader busy, so every
step has a limit too, far above what a letter needs.
"""

import codecs
import re
import warnings
from base64 import b64decode
from email import message_from_bytes
from email.errors import HeaderParseError, InvalidBase64LengthDefect
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from typing import NamedTuple

BYTES, LINES = 1_000_000, 10_000  # of a message that are read; most letters have some 100 lines
HEADER = 2000  # characters of a header
LONGEST = 100_000  # characters of the parts' text, together
LIST_TAG = re.compile(r"\[[^\]]{1,40}\]\s*")  # "[ILUG] ": put there by a mailing list's manager
FILTER_MARK = re.compile(r"\*{3,}\s*SPAM\s*\*{3,}", re.IGNORECASE)  # put there by a spam filter
# ... and after a body: a rule, then the list's name and address
LIST_FOOTER = re.compile(
    r"\n[_\-=]{8,}[^\n]*\n(?:[^\n]*\n){0,8}?[^\n]*"
    r"(?:mailing list|unsubscribe|listinfo|list maintainer|sponsored by|yahoo! groups)",
    re.IGNORECASE)
FOOTER = 1000  # characters at the end of a body in which a footer may begin
ANSWER = re.compile(r"((?:re(?:\[\d+\])?|fwd?|aw)\s*:\s*)+", re.IGNORECASE)
# unseen marks too, and lone halves of a character, which no file can hold
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]")
# what mail programs mean by a charset's name is often its larger relation
CHARSETS = {"ascii": "", "iso8859-1": "", "gb2312": "gb18030", "euc_kr": "cp949",
            "punycode": "", "idna": ""}  # these two are for addresses, and slow
COMMENT = re.compile(r"<!--(?:>|.*?-->)", re.DOTALL)
DECLARATION = re.compile(r"<[!?](?:[^<>]*>)?")  # of some without an end the parser makes an error
UNCLOSED = re.compile(r"<[^<>]*+(?=<|\Z)")
SLIPS = 100  # tags without an end that a page may have


class Unreadable(ValueError):
    """Why a message is set aside, in a few words."""


class Letter(NamedTuple):
    subject: str
    body: str
    thread: str  # the subject without answer marks, to keep a conversation in one split

    @property
    def text(self) -> str:
        return "\n".join(filter(None, (self.subject, self.body)))


class _ShortHeaders(Compat32):
    """Reads a header of any length as one of `HEADER` characters."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:HEADER]


def read_letter(raw: bytes) -> Letter:
    """Subject and body of a message as plain text; every other header is left out.

    Plain text is preferred to HTML, attachments are skipped. Of what remains the tag of a mailing
    list before the subject and its footer after the body are cut off: on a list there is hardly any
    spam, so they would give the answer away.

    Raises:
        Unreadable: no text is found, or the message breaks the parser.
    """
    lines = raw[:BYTES].splitlines(keepends=True)[:LINES]
    try:
        message = message_from_bytes(b"".join(lines), policy=_ShortHeaders())
        subject = " ".join(_tidy(_subject(message)).split())
        body = _body(message)
    except RecursionError:
        raise Unreadable("parts within parts without end") from None
    except Exception as error:  # the parser meets mail that was broken to break parsers
        raise Unreadable(f"the parser failed: {type(error).__name__}") from error
    answer, topic = _split_subject(FILTER_MARK.sub("", subject))
    found = LIST_FOOTER.search(body, max(0, len(body) - FOOTER))
    letter = Letter(f"{answer}{topic}".strip(), body[:found.start()].rstrip() if found else body,
                    topic.casefold())
    if not letter.text.strip():
        raise Unreadable("no text in it")
    return letter


def _subject(message: Message) -> str:
    # not message["Subject"]: that puts a question mark for every byte beyond ASCII
    text = next((value for name, value in message.raw_items() if name.lower() == "subject"), "")
    raw = text.encode("ascii", "surrogateescape")
    written = decode(raw, None if raw.isascii() else message.get_content_charset())
    try:
        pieces = decode_header(written)
    except (HeaderParseError, ValueError):
        return written
    return "".join(_piece(*piece) for piece in pieces)


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, bytes) and charset is None:  # text between encoded words
        try:
            return piece.decode("raw-unicode-escape")  # as `decode_header` wrote it
        except ValueError:
            return decode(piece, None)
    return piece if isinstance(piece, str) else decode(piece, charset)


def _split_subject(subject: str) -> tuple[str, str]:
    """Answer marks before a subject, as one "Re: ", and the subject itself, without list tag."""
    marks, topic = False, subject.strip()
    while found := ANSWER.match(topic) or LIST_TAG.match(topic):
        marks = marks or found.re is ANSWER
        topic = topic[found.end():]
    return "Re: " if marks else "", topic.strip()


def _body(message: Message) -> str:
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    room = LONGEST
    for part in message.walk():
        kind = part.get_content_type().partition(" ")[0]  # some forget the ";" after it
        if (part.is_multipart() or kind not in texts
                or part.get_content_disposition() == "attachment"):
            continue
        text = decode(_payload(part), part.get_content_charset())[:room]
        room -= len(text)
        texts["text/html" if _looks_like_html(text) else kind].append(text)
    return (_tidy("\n".join(texts["text/plain"]))
            or _tidy("\n".join(html_to_text(text) for text in texts["text/html"])))


def _payload(part: Message) -> bytes:
    raw = part.get_payload(decode=True) or b""
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
        # cut off within four characters, which stand for three bytes: it came back as it was
        signs = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        return b64decode(signs[:len(signs) // 4 * 4])
    return raw


def _looks_like_html(text: str) -> bool:
    return bool(re.match(r"\s*(?:<!doctype html|<html|<body)", text, re.IGNORECASE))


def decode(raw: bytes, charset: str | None) -> str:
    """Text of bytes whose charset is missing, unknown or a lie: then UTF-8, then Windows-1252."""
    try:
        name = codecs.lookup(charset or "ascii").name
        return raw.decode(CHARSETS.get(name, name) or "utf-8")
    except (LookupError, ValueError):
        pass
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def html_to_text(html: str) -> str:
    """What a reader would see of an HTML page, without its layout."""
    from bs4 import BeautifulSoup

    # Of each tag and comment without an end Python's HTML parser looks for the end up to the end
    # of the page: it would take minutes over a page of them.
    comments, mark, rest = html.rpartition("-->")
    html = DECLARATION.sub("", COMMENT.sub("", comments + mark) + rest)
    if len(UNCLOSED.findall(html)) > SLIPS:
        html = UNCLOSED.sub("", html)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it looks like a file's name, or like XML
        soup = BeautifulSoup(html, "html.parser")
    for hidden in soup(["script", "style", "title"]):  # not the head: some never close it
        hidden.decompose()
    return soup.get_text(" ")


def _tidy(text: str) -> str:
    """Without control characters, with single spaces, and no more than one empty line in a row."""
    lines = (" ".join(CONTROL.sub("", line).split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
