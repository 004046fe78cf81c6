"""E-mails: read whatever arrives, no letter twice, no conversation in two splits."""

import json
import os
import random
import tempfile
import time
import unicodedata
from collections import Counter
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers import paths
from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks import email_text, emails, load_task
from llmtl_helpers.tasks.base import normalised
from llmtl_helpers.tasks.email_text import LONGEST, Letter, Unreadable, read_letter
from llmtl_helpers.tasks.near_duplicates import near_duplicates

needs_email = pytest.mark.skipif(state("email") != "ready",
                                 reason="the e-mails have not been fetched")
SECONDS = 5  # of a processor, for the worst message


def plain(body: bytes, charset: str = "", more: str = "") -> bytes:
    kind = "text/plain" + (f"; charset={charset}" if charset else "")
    return f"Subject: s\nContent-Type: {kind}\n{more}\n".encode() + body


def html(body: bytes) -> bytes:
    return b"Subject: s\nContent-Type: text/html\n\n" + body


def mixed(*parts: bytes, end: bytes = b"--b--\n", kind: str = "mixed") -> bytes:
    return (f"Subject: s\nContent-Type: multipart/{kind}; boundary=b\n\n".encode()
            + b"".join(b"--b\n" + part + b"\n" for part in parts) + end)


def nested(depth: int, body: bytes = b"deep inside\n") -> bytes:
    return b"Subject: s\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (i, i)
        for i in range(depth)) + b"\n" + body


# --- charsets ------------------------------------------------------------------------------


@pytest.mark.parametrize("charset, body, read", [
    ("utf-8", "café".encode(), "café"),
    ("iso-8859-2", "łódź".encode("iso-8859-2"), "łódź"),
    ("koi8-r", "привет".encode("koi8-r"), "привет"),
    ("", b"it\x92s caf\xe9", "it’s café"),  # as mail programs of Windows wrote
    ("", "café".encode(), "café"),
    ("no-such-charset", "café".encode(), "café"),
    ("default_charset", b"caf\xe9", "café"),
    ("utf-8", b"caf\xe9", "café"),  # a lie
    ("us-ascii", "café".encode(), "café"),  # a lie
    ("iso-8859-1", b"it\x92s", "it’s"),  # the usual lie
    ("gb2312", "鎔基".encode("gb18030"), "鎔基"),  # not in gb2312 itself
    ("a\0b", b"still here", "still here"),
    ('""', b"still here", "still here"),
    ("hex", b"616263", "616263"),  # a codec of Python's that is no charset
])
def test_a_charset_is_believed_as_far_as_it_is_true(charset, body, read):
    assert read_letter(plain(body, charset)).body == read


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "utf-16",
                                     "x" * 100_000])
def test_no_charset_keeps_its_reader_busy_or_makes_half_characters(charset):
    began = time.process_time()
    for body in (b"x-" + b"9" * 300_000, rb"\ud800 +2AA- a", b"a" * 300_000):
        letter = read_letter(plain(body, charset))
        letter.text.encode()
    assert time.process_time() - began < SECONDS


# --- parts ---------------------------------------------------------------------------------

TEXT, PAGE = b"\n\nthe words\n", b"Content-Type: text/html\n\n<p>a <b>page</b></p>\n"
PICTURE = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"
ATTACHED = b"Content-Type: text/plain\nContent-Disposition: attachment\n\nnot to be read\n"


@pytest.mark.parametrize("raw, read", [
    (mixed(TEXT, PAGE, kind="alternative"), "the words"),
    (mixed(PAGE, TEXT, kind="alternative"), "the words"),
    (mixed(PAGE, PICTURE), "a page"),
    (mixed(TEXT, ATTACHED, PICTURE), "the words"),
    (mixed(TEXT, end=b""), "the words"),  # never closed
    (mixed(TEXT, PICTURE[:-6], end=b""), "the words"),
    (html(b"<html><head><title>t</title><style>p {}</style><body>seen<script>x()</script>"),
     "seen"),  # the head is never closed
    (html(b"<p>V<!-- -->ia<!---->gra &amp; &#163;5 <!-- unseen"), "Viagra & £5"),
    (html(b"1 < 2 and <3"), "1 < 2 and <3"),
    (html(b"<?xml x?><!DOCTYPE html><p>seen <![if !x]>too<![endif]> <![foo <b>and this"),
     "seen too [foo and this"),
    (plain(b"<html><body>a page by another name</body></html>"), "a page by another name"),
    (b"Subject: s\nContent-Type: TEXT/PLAIN charset=US-ASCII\n\nthe words\n", "the words"),
    (nested(50), "deep inside"),
    (plain(b"aGVsbG8gd29ybGQhISEh", more="Content-Transfer-Encoding: base64\n"), "hello world!!!!"),
    (plain(b"aGVsbG8g\nd29ybGQhI", more="Content-Transfer-Encoding: base64\n"), "hello world"),
    (plain(b"caf=E9 =\nau lait=", more="Content-Transfer-Encoding: quoted-printable\n"),
     "café au lait"),
    (plain(b"a\0b\x07c\x1b[1m d\tq\r\n\x85 e\xe2\x80\x8bf"), "abc[1m d q"),
])
def test_the_text_is_found(raw, read):
    assert read_letter(raw).body.startswith(read)


def test_a_message_as_the_standard_library_writes_it():
    message = EmailMessage()
    message["Subject"] = "Grüße aus Köln"
    message.set_content("Schöne Grüße\n\n\n\n\nvon hier")
    message.add_alternative("<p>nicht dies</p>", subtype="html")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    letter = read_letter(message.as_bytes())
    assert letter == Letter("Grüße aus Köln", "Schöne Grüße\n\nvon hier", "grüsse aus köln")


@pytest.mark.parametrize("raw", [
    b"", b"\n\n\n", b"From: a@b\n\n", mixed()[11:], mixed(PICTURE)[11:], mixed(ATTACHED)[11:],
    b"Content-Type: text/html\n\n<img src=x>", nested(4000)[11:]])
def test_what_has_no_text_is_set_aside(raw):
    with pytest.raises(Unreadable, match=r"^[a-z ]+$"):
        read_letter(raw)


def test_a_subject_is_enough():
    assert read_letter(mixed(ATTACHED)) == Letter("s", "", "s")


def test_without_a_subject_the_body_is_the_text():
    assert read_letter(b"From: a@b\n\nhello").text == "hello"


# --- subjects and footers ------------------------------------------------------------------


@pytest.mark.parametrize("written, subject, thread", [
    (b"hello there", "hello there", None),
    (b"Re: [ILUG] hello", "Re: hello", "hello"),
    (b"[ILUG] Re: RE: Fwd: AW: hello", "Re: hello", "hello"),
    (b"Re[2]: hello", "Re: hello", "hello"),
    (b"regarding: hello", "regarding: hello", None),
    (b"*****SPAM***** hello", "hello", None),
    (b"hello [1 of 2]", "hello [1 of 2]", None),
    (b"=?utf-8?q?caf=C3=A9?= =?iso-8859-1?b?IGF1?= lait", "café au lait", None),
    (b"=?no-such?q?caf=E9?=", "café", None),
    (b"=?utf-8?b?YWJj", "=?utf-8?b?YWJj", None),
    (b"=?utf-8?b?a?= b", "=?utf-8?b?a?= b", None),
    (b"=?utf-8?q?a=00=07b?= c", "ab c", None),
    ("caf\u00e9".encode(), "café", None),
    (b"\xa35 for caf\xe9", "£5 for café", None),
    (b"caf\xe9 =?utf-8?q?=C3=A9?= C:\\users", "café é C:\\users", None),
    (b"folded\n over\n\ttwo", "folded over two", None),
])
def test_subjects(written, subject, thread):
    letter = read_letter(b"Subject: " + written + b"\n\nbody")
    assert (letter.subject, letter.thread) == (subject, thread or subject.casefold())


def test_a_subject_beyond_ascii_is_in_the_charset_of_its_body():
    assert read_letter(b"Subject: " + "광고".encode("euc-kr") + b"\nContent-Type: text/plain; "
                       b"charset=euc-kr\n\nbody").subject == "광고"


FOOT = "\n_______________________________________________\nIlug mailing list\nhttp://lists.org/ilug"


@pytest.mark.parametrize("body, left", [
    ("hello" + FOOT, "hello"),
    ("hello\n" * 900 + "-" * 30 + "\nTo UNSUBSCRIBE:\nwrite to us", ("hello\n" * 900).strip()),
    ("How do I unsubscribe?\n" + "Please tell me. " * 20, None),
    ("hello\n=========\nunsubscribe here\n" + "and much text\n" * 200 + "the end", None),
    ("hello\n---------\nBob", None),
    ("a mailing list\n\nthe end", None),
])
def test_a_footer_of_a_list_is_cut_off_and_no_more(body, left):
    found = read_letter(plain(body.encode())).body
    assert found == (body if left is None else left).strip()


# --- what was made to break a reader -------------------------------------------------------


def long_lines(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit))


@pytest.mark.parametrize("raw", [
    *[plain(long_lines(unit, 10_000_000)) for unit in (b"a line of words\n", b"x", b"\n", b"\r")],
    *[html(long_lines(unit, 10_000_000)) for unit in (b"<p>a</p>\n", b"<div>", b"<a ", b"<!--")],
    *[html(long_lines(unit, LONGEST)) for unit in (
        b"</", b"<a b='", b"<![CDATA[", b"<title>", b"<script", b"<!--x>", b"<a b=>", b"&#")],
    *[plain(long_lines(unit, 100_000)) for unit in (
        b"-", b"[", b"Re:", b"\n---------", b"_________\n", b"*", b"=?")],
    *[b"Subject: " + long_lines(unit, 100_000) + b"\n\nbody" for unit in (
        b"-", b"[", b"[a] ", b"Re:", b"re ", b"*", b"=?x?q?", b"=?", b"\xe9")],
    b"Subject: s\nContent-Type: text/plain" + b";" * 200_000 + b"\n\nbody",
    b"Subject: s\n" + b"a:\n" * 300_000,
    mixed(*[b"\n\n"] * 100_000), mixed(*[b"Content-Type: text/html\n\n<p>a"] * 5000),
    nested(300, b"\n" * 500_000), nested(900), nested(20_000),
    mixed(*[PAGE.replace(b"page", b"page" * 20_000)] * 60),
], ids=lambda raw: f"{raw[9:60]!r} {len(raw)}")
def test_hostile_messages_take_seconds_and_little_room(raw):
    began = time.process_time()
    try:
        assert len(read_letter(raw).text) <= LONGEST + email_text.HEADER + 1
    except Unreadable:
        pass
    assert time.process_time() - began < SECONDS


FRAGMENTS = st.sampled_from([
    b"Subject: ", b"Re: [x] ", b"=?utf-8?q?", b"?=", b"=?utf-7?b?K2", b"\n", b"\n\n", b"\r", b"\0",
    b"Content-Type: multipart/mixed; boundary=b\n\n", b"--b\n", b"--b--\n", b"; charset=",
    b"utf-7", b"Content-Type: text/html\n\n", b"Content-Type: message/rfc822\n\n",
    b"charset*=a'b'c",
    b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n",
    b"begin 666 a\n", b"<html>", b"<!--", b"<![x", b"&#xd800;", b"&#0;", b"\xff\xfe", b"\xd8\x00",
    b"\n----------\n", b"unsubscribe", b"Content-Disposition: ", b"attachment", b"\x1b$B"])


@given(st.one_of(st.binary(max_size=300),
                 st.lists(st.one_of(FRAGMENTS, st.binary(max_size=8)), max_size=25).map(b"".join)))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_a_letter_or_unreadable(raw):
    try:
        letter = read_letter(raw)
    except Unreadable:
        return
    assert letter.text.strip() and letter.text.encode() and "\n" not in letter.subject
    assert {sign for sign in letter.text if unicodedata.category(sign) == "Cc"} <= {"\n"}


# --- near-duplicates -----------------------------------------------------------------------

WORDS = [f"w{i}" for i in range(500)]


def shingles(text: str) -> set[tuple]:
    words = text.split()
    return {tuple(words[i:i + 5]) for i in range(max(1, len(words) - 4))}


def by_hand(texts: list[str]) -> list[int]:
    """Every pair compared; groups joined until nothing changes."""
    group = list(range(len(texts)))
    sets = [shingles(text) for text in texts]
    for _ in texts:
        for i, a in enumerate(sets):
            for j, b in enumerate(sets):
                if 2 * len(a & b) >= len(a | b):
                    group[i] = group[j] = min(group[i], group[j])
    return group


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=8).map(" ".join), max_size=10))
@settings(max_examples=60, deadline=None)
def test_groups_are_those_found_by_comparing_every_pair(texts):
    found = near_duplicates(texts)
    assert found == by_hand(texts)
    assert all(first <= place and found[first] == first for place, first in enumerate(found))


def test_identical_texts_are_one_and_unrelated_ones_are_not():
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 200))) for _ in range(600)]
    assert near_duplicates(texts) == list(range(600))  # more than one block of pairs
    assert near_duplicates(texts + texts[::-1]) == [*range(600), *reversed(range(600))]


def test_a_letter_with_another_name_in_it_is_the_same_letter():
    letter = " ".join(WORDS[:60])
    assert near_duplicates([letter, "Dear Ann " + letter, "Dear Bob " + letter, letter.upper()]
                           ) == [0, 0, 0, 0]
    assert near_duplicates([" ".join(WORDS[:60]), " ".join(WORDS[15:75]), " ".join(WORDS[30:90]),
                            " ".join(WORDS[80:140])]) == [0, 0, 0, 3]  # linked by the one between


def test_short_and_no_texts():
    assert near_duplicates([]) == []
    assert near_duplicates(["ok", "Ok", "ok then", "", " "]) == [0, 0, 2, 3, 3]


# --- the task ------------------------------------------------------------------------------


def letter_of(number: int, junk: bool, subject: str = "") -> bytes:
    """A letter like no other."""
    draw = random.Random(f"{number} {junk}")
    words = " ".join(draw.choices(WORDS[250:] if junk else WORDS[:250], k=40))
    return f"Subject: {subject or f'{junk} {number}'}\n\n{words}\n".encode()


@pytest.fixture
def box(tmp_path, monkeypatch):
    """An unpacked asset of 120 letters; the home is empty."""
    folder = tmp_path / "box"
    found = {f"easy-ham-1/{i:05}.a": letter_of(i, False, f"Re: talk {i // 6}") for i in range(60)}
    found |= {f"spam-1/{i:05}.b": letter_of(i, True) for i in range(40)}
    found |= {f"hard-ham-1/{i:05}.c": letter_of(100 + i, False) for i in range(14)}
    found |= {"easy-ham-1/90000.d": found["easy-ham-1/00003.a"],  # a duplicate
              "spam-1/90001.e": found["spam-1/00004.b"].replace(b"\n\n", b"\n\nDear Ann\n"),
              "spam-1/90002.f": found["spam-1/00004.b"].replace(b"\n\n", b"\n\nDear Bob\n"),
              "spam-1/90003.g": b"", "spam-1/90004.h": b"Content-Type: image/png\n\n\x89PNG",
              "hard-ham-1/90005.i": mixed(ATTACHED)[11:]}
    for name, raw in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_bytes(raw)
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(emails, "asset_path", lambda name: folder)
    monkeypatch.setattr(emails, "TEST", 20)
    monkeypatch.setattr(emails, "VALIDATION", 10)
    return folder


def cached():
    (file,) = (paths.cache() / "tasks").iterdir()  # and nothing half-written beside it
    return file


def forbid_reading(monkeypatch):
    monkeypatch.setattr(email_text, "read_letter", lambda raw: pytest.fail("read again"))


def test_letters_become_a_task(box):
    task = emails.load("email/spam")
    rows = [row for split in (task.train, task.validation, task.test) for row in split]
    assert len(rows) == 100 and Counter(row["label"] for row in rows) == {0: 60, 1: 40}
    assert all(row["label"] == row["id"].startswith("spam-1") for row in rows)
    assert len(task.test) >= 20 and len(task.validation) >= 10 and len(task.train) > 50
    assert task.label_names == ("real", "junk")
    assert not any(number in row["id"] for row in rows for number in ("9000", "hard"))
    note = task.card.notes[0]
    assert "archive: 120" in note and "3 without readable text" in note
    assert "1 duplicates" in note and "2 near-duplicates" in note
    assert "14 real messages" in task.card.notes[-1]


def test_a_conversation_is_in_one_split(box):
    task = emails.load("email/spam")
    places = {}
    for split in ("train", "validation", "test"):
        for row in getattr(task, split):
            if row["text"].startswith("Re: "):
                places.setdefault(row["text"].split("\n")[0], Counter())[split] += 1
    assert len(places) == 10 and all(list(found.values()) == [6] for found in places.values())
    assert len({split for found in places.values() for split in found}) > 1


def test_hard_ham_is_a_test_of_its_own(box):
    task = emails.load("email/hard-ham")
    assert len(task.test) == 14 and len(task.train) == len(task.validation) == 0
    assert set(task.test["label"]) == {0}
    assert all(id.startswith("hard-ham") for id in task.test["id"])


def test_the_letters_are_read_once(box, monkeypatch):
    first = emails.load("email/spam")
    cached()
    forbid_reading(monkeypatch)
    again = emails.load("email/spam")
    assert again.fingerprint == first.fingerprint and again.card == first.card
    emails.load("email/hard-ham")


@pytest.mark.parametrize("harm", [b"", b"{", b"[]", b"null", b"{}", b"\xff\x00", b'{"made_by": 1}'])
def test_a_damaged_cache_is_made_again(box, monkeypatch, harm):
    first = emails.load("email/spam").fingerprint
    whole = cached().read_bytes()
    cached().write_bytes(harm)
    assert emails.load("email/spam").fingerprint == first
    assert cached().read_bytes() == whole


def test_another_archive_or_another_reader_is_not_taken_from_the_cache(box, monkeypatch, tmp_path):
    emails.load("email/spam")
    other = tmp_path / "email_text.py"
    other.write_text("# changed")
    monkeypatch.setattr(email_text, "__file__", str(other))
    emails.load("email/spam")
    assert len(list((paths.cache() / "tasks").iterdir())) == 2


def no_room(*args, **options):
    raise OSError(28, "No space left on device")


def test_a_full_or_read_only_cache_costs_only_the_reading(box, monkeypatch):
    monkeypatch.setattr(os, "replace", no_room)
    first = emails.load("email/spam")
    assert list((paths.cache() / "tasks").iterdir()) == []
    monkeypatch.setattr(tempfile, "mkstemp", no_room)
    assert emails.load("email/spam").fingerprint == first.fingerprint
    paths.home().joinpath("cache").rename(paths.home() / "away")
    paths.cache().write_text("a file where the folder should be")
    assert emails.load("email/spam").fingerprint == first.fingerprint


def test_no_asset_and_no_letters_are_sentences(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    with pytest.raises(LearnerError, match="'email' is not on this machine.*assets fetch email"):
        emails.load("email/spam")
    monkeypatch.setattr(emails, "asset_path", lambda name: tmp_path)
    with pytest.raises(LearnerError, match="no e-mails are found|No e-mails are found"):
        emails.load("email/spam")
    (tmp_path / "spam-1").mkdir()
    (tmp_path / "spam-1" / "1.a.txt").write_bytes(b"")
    with pytest.raises(LearnerError, match="No e-mails are found"):
        emails.load("email/spam")
    assert not (tmp_path / "cache" / "tasks").exists()


def test_a_message_that_cannot_be_opened_is_a_sentence_and_is_not_cached(box):
    (box / "spam-1" / "00004.b.txt").unlink()
    (box / "spam-1" / "00004.b.txt").mkdir()
    with pytest.raises(LearnerError, match="00004.b.txt cannot be read.*assets fetch email"):
        emails.load("email/spam")
    assert not (paths.cache() / "tasks").exists()


# --- the real mail -------------------------------------------------------------------------


@needs_email
def test_the_real_mail_is_read_and_split():
    task, hard = load_task("email"), load_task("email/hard-ham")
    assert task.name == "email/spam" and task.metric == "macro_f1"
    assert 4500 < len(task.train) + len(task.validation) + len(task.test) < 5500
    assert 1200 <= len(task.test) < 1300 and 600 <= len(task.validation) < 700
    assert 200 <= len(hard.test) <= 250
    for split in (task.train, task.validation, task.test):
        assert 0.15 < sum(split["label"]) / len(split) < 0.4
    note = task.card.notes[0].replace(",", "")
    assert "archive: 6046" in note and int(note.partition(" without")[0].split()[-1]) <= 20
    texts = [text for split in (task.train, task.validation, task.test, hard.test)
             for text in split["text"]]
    assert len({normalised(text) for text in texts}) == len(texts)
    assert near_duplicates(texts) == list(range(len(texts)))
    assert max(map(len, texts)) < 1.1 * LONGEST


@needs_email
def test_real_texts_hold_no_control_characters_and_hardly_a_list_tag():
    texts = load_task("email").train["text"]
    assert not any(email_text.CONTROL.search(text) for text in texts)
    assert sum(text.startswith(("[", "Re: [")) for text in texts) < 0.01 * len(texts)
    assert not any(text.startswith(("*****", "Re: *****SPAM")) for text in texts)


@needs_email
def test_the_second_loading_takes_no_time():
    emails.load("email/spam")
    began = time.process_time()
    emails.load("email/spam")
    assert time.process_time() - began < 1.5
    assert json.loads(max((paths.cache() / "tasks").glob("email-*.json"),
                          key=lambda file: file.stat().st_mtime).read_bytes())["rows"]
