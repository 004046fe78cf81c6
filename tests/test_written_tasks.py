"""Tasks whose answer is written: reviews, headlines, translations; made-up files and the real."""

import random
from collections import Counter
from types import SimpleNamespace

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers import tasks
from llmtl_helpers.assets import CATALOGUE, state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks import catalogues, headlines, load_task, reviews, task_names, translation
from llmtl_helpers.tasks.base import make_task, normalised
from llmtl_helpers.tasks.catalogues import find_catalogues, read_pairs, tidy
from llmtl_helpers.tasks.near_duplicates import near_duplicates
from llmtl_helpers.training.metrics import METRICS
from llmtl_helpers.training.text_metrics import rouge_l

SPLITS = ("train", "validation", "test")
NEEDS = {"write": ("sentiment",), "headlines": ("news",), "translate": translation.ASSETS}
WORDS = [f"{a}{b}" for a in "ba be bi bo bu da de di do du ka ke ki ko ku".split()
         for b in "ma me mi mo mu na ne ni no nu sa se si so su".split()]


def here(*assets: str) -> bool:
    return all(name in CATALOGUE and state(name) == "ready" for name in assets)


def rows_of(task, split: str) -> list[dict]:
    return list(getattr(task, split))


def sentence(number: int, length: int = 8) -> str:
    return " ".join(random.Random(number).choices(WORDS, k=length))


def given_task(name: str, texts: dict[str, list[str]]):
    """What `load_task` answers where the tasks below build on another one."""
    task = make_task(name, name, {split: [
        {"id": f"{split}-{number}", "text": text, "label": 0} for number, text in enumerate(found)]
        for split, found in texts.items()}, (), source="made up", licence="none", citation="none",
        label_rule="none")
    return lambda wanted: task if wanted == name else pytest.fail(f"{wanted} was loaded")


# --- reviews -------------------------------------------------------------------------------


def test_a_review_is_cut_after_its_third_word(monkeypatch):
    texts = {split: [f"{split} {sentence(number)}" for number in range(9)] for split in SPLITS}
    texts["train"] += ["It's ''big''    and ''bold'' too, on  the whole", "one two three four five",
                       "one two three four five six"]
    monkeypatch.setattr(tasks, "load_task", given_task("language/films", texts))
    task = reviews.load("write/films")
    assert [len(getattr(task, split)) for split in SPLITS] == [11, 9, 9]
    odd, six = rows_of(task, "train")[-2:]
    assert odd["text"] == 'It\'s "big" –' and odd["target"] == 'and "bold" too, on the whole'
    assert six["text"] == "one two three" and six["target"] == "four five six"
    for split in SPLITS:
        for row in rows_of(task, split)[:9]:
            whole = texts[split][int(row["id"].rpartition("-")[2])]
            assert f"{row['text']} {row['target']}" == whole and len(row["text"].split()) == 3
    assert "1 texts with fewer than 6" in task.card.notes[1]
    assert task.metric == "log_likelihood" and task.writing.baseline is None


# --- headlines -----------------------------------------------------------------------------


@pytest.mark.parametrize("body, beginning", [
    ("One two. Three four five. Six seven.", "One two. Three four five."),
    ("One two three four five six.", "One two three four five"),  # a sentence that is too long
    ("One two three", "One two three"), ("", ""), ("  \n ", ""),
    ('He said: "No." And left on 1.5 feet.', 'He said: "No."'),
    ("He paid $1.5bn in all for Mr. X", "He paid $1.5bn in"),
    ("One (two!)\n\nThree. Four five six", "One (two!) Three."),
    ("One two three four five.", "One two three four five."),
])
def test_an_article_is_cut_where_a_sentence_ends(body, beginning):
    longest = 4 if body.startswith("He") else 5
    assert headlines.beginning(body, longest) == beginning


@given(st.lists(st.sampled_from(["ab", "c.", "d!", 'e."', "\n\n", "1.5", "f"]), max_size=40),
       st.integers(1, 12))
def test_a_beginning_is_the_first_words_and_no_more_than_allowed(parts, longest):
    words = " ".join(parts).split()
    cut = headlines.beginning(" ".join(parts), longest).split()
    assert cut == words[:len(cut)] and len(cut) <= longest and bool(cut) == bool(words)
    ends = [at for at in range(1, min(longest, len(words)) + 1) if words[at - 1][-1] in '.!"']
    assert len(cut) == (ends[-1] if ends else min(longest, len(words)))


def article(number: int, headline: str = "") -> str:
    return f"{headline or f'Headline {sentence(number, 4)}'}\n\n{sentence(number, 20)}. The end."


def test_headlines_are_taken_from_the_articles_of_the_topics(monkeypatch):
    texts = {"train": [article(n) for n in range(30)], "validation": [article(100)],
             "test": [article(200), article(201, "Tax   &#163;8m \r")]}
    texts["train"] += [article(300, "tax £8M!"), article(3, "Other words"), article(200, "Others"),
                       f"\n\n{sentence(301)}", "Only a headline", article(302, sentence(302, 20))]
    monkeypatch.setattr(tasks, "load_task", given_task("topics/news", texts))
    task = headlines.load("headlines/news")
    assert rows_of(task, "test")[1]["target"] == "Tax £8m"
    assert rows_of(task, "train")[0] == {
        "id": "train-0", "label": 0, "target": f"Headline {sentence(0, 4)}",
        "text": f"{sentence(0, 20)}. The end."}
    ids = {row["id"] for split in SPLITS for row in rows_of(task, split)}
    # the headline is held out; the texts of an earlier and of a held-out article; half is missing
    assert not ids & {"train-30", "train-31", "train-32", "train-33", "train-34"}
    assert len(ids) == 31 + 1 + 2 and task.metric == "rouge_l"
    notes = " ".join(task.card.notes)
    assert "2 without a headline or a text" in notes and "from training, 3 whose" in notes
    assert "word for word in their text: 1." in notes


@pytest.mark.parametrize("missing", SPLITS)
def test_articles_without_headlines_are_a_sentence(monkeypatch, missing):
    texts = {split: ["only a headline" if split == missing else article(1)] for split in SPLITS}
    monkeypatch.setattr(tasks, "load_task", given_task("topics/news", texts))
    with pytest.raises(LearnerError, match="No headlines are found.*assets fetch news"):
        headlines.load("headlines/news")


def test_the_lead_is_the_first_words():
    text = sentence(1, 30)
    assert headlines.lead(text).split() == text.split()[:headlines.LEAD]
    assert headlines.lead("two words") == "two words" and headlines.lead("") == ""


# --- catalogues ----------------------------------------------------------------------------


HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
ARABIC = ("nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
          "n%100>=11 ? 4 : 5;")


def po(*entries: polib.POEntry, plural: str = "nplurals=2; plural=(n > 1);") -> str:
    file = polib.POFile()
    file.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": plural}
    file.extend(entries)
    return str(file)


def entry(english: str, translation: str = "", **more) -> polib.POEntry:
    return polib.POEntry(msgid=english, msgstr=translation, **more)


def write(folder, asset: str, code: str, text: str | bytes, part: str = "conf"):
    file = folder / asset / part / "locale" / code / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)


def read(folder, code: str = "fr", assets=translation.ASSETS):
    return read_pairs(find_catalogues({asset: folder / asset for asset in assets})[code])


def test_every_kind_of_entry_is_read_or_counted(tmp_path):
    write(tmp_path, "django", "fr", po(
        entry("Delete page", "Supprimer la page"),
        entry("delete  page:", "supprimer la page\u00a0:"),
        entry("Log out", "Se déconnecter"), entry("Log out!", "Déconnexion"),
        entry("Old text", "Vieux texte", obsolete=True),
        entry("Unsure text", "Texte peu sûr", flags=["fuzzy"]),
        entry("No translation", ""), entry("Only spaces", " \n"),
        entry("Word", "Mot"), entry(" ".join(["word"] * 26), "mots"),
        entry(" ".join(["word"] * 25), "des mots"),
        entry("Hello %(name)s there", "Bonjour %(name)s"), entry("Hello %s there", "Bonjour %s"),
        entry("Hello {name} there", "Bonjour {name}"), entry("100%% of it", "tout 100%%"),
        entry("See <b>this text</b>", "Voir <b>ce texte</b>"), entry("Slug %r here", "Slug %r"),
        entry("an hour ago", "%(count)s heures"),  # only the translation has one
        entry("100% of it", "100 % de cela"), entry("less < more > less", "moins < plus > moins"),
        entry("In May", "En mai", msgctxt="month"), entry("Wagtail API!", "Wagtail API"),
        entry("Find the page &amp; more…", "Trouver la page &amp; plus..."),
        entry("a text\n  in lines \u200b", "e\u0301crit\u202fen\nlignes"),
        polib.POEntry(msgid="one page here", msgid_plural="many pages here",
                      msgstr_plural={0: "une page ici", 1: "des pages ici"}),
        polib.POEntry(msgid="one %(n)s here", msgid_plural="%(n)s here",
                      msgstr_plural={0: "un %(n)s ici", 1: "%(n)s ici"}),
        polib.POEntry(msgid="one form here", msgid_plural="many forms here",
                      msgstr_plural={0: "", 1: ""})))
    write(tmp_path, "wagtail", "fr", po(entry("Delete page", "Supprimer la page."),
                                        entry("Next page", "Page suivante")))
    pairs = read(tmp_path)
    kept = {key: next(iter(found.items())) for key, found in pairs.found.items()}
    assert kept.pop(" ".join(["word"] * 25))[1] == "des mots"
    assert kept == {
        "delete page": ("Delete page", "Supprimer la page"),
        "100 of it": ("100% of it", "100 % de cela"),
        "less more less": ("less < more > less", "moins < plus > moins"),
        "find the page more": ("Find the page & more", "Trouver la page & plus"),
        "a text in lines": ("a text in lines", "\u00e9crit en lignes"),
        "one page here": ("one page here", "une page ici"),
        "next page": ("Next page", "Page suivante")}
    assert pairs.found["delete page"]["delete page"] == "supprimer la page"
    assert pairs.counts == Counter(
        entries=29, obsolete=1, fuzzy=1, untranslated=3, length=2, placeholder=8, context=1,
        english=1, same=3, clashing=1, plural=1)
    left_out = pairs.counts.total() - pairs.counts["entries"] - pairs.counts["plural"]
    assert pairs.counts["entries"] == left_out + len(pairs.found)


def test_the_singular_is_the_form_of_one(tmp_path):
    forms = {number: f"form {number}" for number in range(6)}
    one = polib.POEntry(msgid="one page", msgid_plural="pages", msgstr_plural=forms)
    for code, plural, form in (("ar", ARABIC, 1), ("zh", "nplurals=1; plural=0;", 0),
                               ("fr", "nplurals=2; plural=n > 1;", 0), ("xx", "", 0)):
        write(tmp_path, "django", code, po(one, plural=plural))
        assert read(tmp_path, code, ("django",)).found == {"one page": {"one page": f"form {form}"}}


@pytest.mark.parametrize("english, shown", [
    ("Choose a page：", "Choose a page"), ("Wait ... ", "Wait"), ("Version 1.0.", "Version 1.0."),
    ("Q: yes", "Q: yes"), ("&quot;a&quot;&nbsp;b&hellip;", '"a" b'), ("  :", ""), ("", ""),
    ("می\u200cخواهم", "می\u200cخواهم"), ("\u202babc\u202c", "abc"), ("删除：", "删除"),
])
def test_texts_are_tidied(english, shown):
    assert tidy(english) == shown == tidy(shown)


@pytest.mark.parametrize("content, reason", [
    (HEADER + 'msgid "a "b" c"\nmsgstr "d"\n', "see line 4"),
    ("no catalogue", "see line 1"),
    (HEADER.encode() + b'msgid "a"\nmsgstr "\xff\xfe"\n', "gettext"),
    (po(entry("a b", "c"), plural="nplurals=2; plural=n >< 1;"), "gettext"),
    (po(entry("a b", "c"), plural="nplurals=2; plural=__import__('os');"), "gettext"),
])
def test_a_broken_catalogue_is_a_sentence(tmp_path, content, reason):
    write(tmp_path, "django", "fr", content)
    with pytest.raises(LearnerError, match="locale/fr/LC_MESSAGES/django.po of django cannot be "
                                           f"read.*{reason}.*assets fetch django") as caught:
        read(tmp_path, "fr", ("django",))
    assert str(tmp_path) not in str(caught.value)


@given(st.binary(max_size=60), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_a_damaged_catalogue_is_read_or_explained(tmp_path_factory, noise, at):
    whole = po(entry("Delete page", "Supprimer la page"), entry("Log out", "Déconnexion"),
               polib.POEntry(msgid="one", msgid_plural="two",
                             msgstr_plural={0: "un", 1: "deux"})).encode()
    folder = tmp_path_factory.mktemp("damaged")
    write(folder, "django", "fr", whole[:at] + noise + whole[at + len(noise) // 2:])
    try:
        assert len(read(folder, "fr", ("django",)).found) <= 3
    except LearnerError as error:
        assert "cannot be read" in str(error)


def test_an_unreadable_catalogue_is_a_sentence(tmp_path, monkeypatch):
    write(tmp_path, "django", "fr", po())

    def closed(*args, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(polib, "pofile", closed)
    with pytest.raises(LearnerError, match="Permission denied"):
        read(tmp_path, "fr", ("django",))


# --- translation ---------------------------------------------------------------------------


CODES = {"fr": ("French", 64), "pt_BR": ("Brazilian Portuguese", 64), "zh_Hans": ("Chinese", 64)}


@pytest.fixture
def interface(tmp_path, monkeypatch):
    """Catalogues of three languages; each lacks other texts, some texts are nearly equal."""
    common = [sentence(number, 3 + number % 4) for number in range(60)]
    alike = [f"{sentence(1000, 7)} {ending}" for ending in ("ba", "be", "bi", "bo")]
    for place, code in enumerate(CODES):
        own = [sentence(2000 + 100 * place + number, 5) for number in range(30)]
        pairs = [entry(text, f"译 {code} {text}") for text in [*common, *own, *alike[place:]]]
        write(tmp_path, "django", code, po(*pairs[:50]))
        again = entry(common[0].upper(), f"译 {code} {common[0]}".upper())
        write(tmp_path, "wagtail", code, po(*pairs[50:], again), "admin")
    monkeypatch.setattr(translation, "LANGUAGES", CODES)
    monkeypatch.setattr(translation, "TEST", 20)
    monkeypatch.setattr(translation, "VALIDATION", 10)
    monkeypatch.setattr(translation, "asset_path", lambda name: tmp_path / name)
    monkeypatch.setattr(translation, "get_asset", lambda name: SimpleNamespace(
        version="1.0", licence="BSD", citation=f"{name} <b>and</b> others"))
    yield tmp_path
    translation._shared.cache_clear()


def test_every_language_is_tested_with_the_same_english(interface):
    loaded = {code: translation.load(f"translate/{code}") for code in CODES}
    first = loaded["fr"]
    assert first.title == "Translation: English to French" and first.metric == "chrf"
    assert first.writing.prompt == "English: {text}\nFrench:"
    assert "French" in first.writing.instruction
    assert first.writing.baseline("Delete page") == "Delete page"
    assert "&lt;b&gt;and&lt;/b&gt;" in first.card._repr_html_()
    for split, least in (("validation", 10), ("test", 20)):
        assert len(getattr(first, split)) >= least
        for task in loaded.values():
            for key in ("id", "text"):
                assert list(getattr(task, split)[key]) == list(getattr(first, split)[key])
    held_out = [text for split in ("validation", "test") for text in getattr(first, split)["text"]]
    for code, task in loaded.items():
        spelt = [row for split in SPLITS for row in rows_of(task, split)]
        assert all(row["target"] == f"译 {code if row['text'].islower() else code.upper()} "
                   f"{row['text']}" for row in spelt)  # the spelling is that of the English
        assert sum(row["text"].isupper() for row in spelt) == 1
        known = [normalised(text) for text in (*task.train["text"], *held_out)]
        assert len(set(known)) == len(known) and len(task.train) >= 30
        group = near_duplicates(known, shingle=translation.SHINGLE)
        assert not set(group[:len(task.train)]) & set(group[len(task.train):])
        assert f"each of the {len(CODES)} languages" in task.card.notes[2]
        assert f"{len(task.train):,}" in str(task.card)


def test_a_text_like_a_held_out_one_is_never_trained_on(interface, monkeypatch):
    """The nearly equal texts: two are in all languages, the others in some."""
    seen = set()
    for seed in range(12):
        monkeypatch.setattr(translation, "split_rows", lambda rows, test, validation: (
            tasks.base.split_rows(rows, test, validation, seed)))
        translation._shared.cache_clear()
        task = translation.load("translate/fr")
        places = {split for split in SPLITS for text in getattr(task, split)["text"]
                  if text.startswith(sentence(1000, 7))}
        assert len(places) == 1
        left = int(task.card.notes[2].partition("languages. ")[2].split()[0])
        assert left == (0 if places == {"train"} else 2)
        seen |= places
    assert "train" in seen and len(seen) > 1


def test_translations_survive_the_second_loading(interface):
    first = translation.load("translate/zh_Hans").fingerprint
    translation._shared.cache_clear()
    assert translation.load("translate/zh_Hans").fingerprint == first
    assert translation.load("translate/fr").fingerprint != first


@pytest.mark.parametrize("code", ["xx", "en", "", "FR", "pt-BR"])
def test_an_unknown_language_lists_those_there_are(interface, code):
    with pytest.raises(LearnerError, match=f"no translation into {code!r}.*fr, pt_BR, zh_Hans"):
        translation.load(f"translate/{code}")


def test_a_missing_language_and_missing_catalogues_are_sentences(interface, monkeypatch):
    monkeypatch.setattr(translation, "LANGUAGES", {**CODES, "de": ("German", 64)})
    write(interface, "django", "de", po())  # and wagtail has none
    with pytest.raises(LearnerError, match="no catalogues of de: django and wagtail have fr, "
                                           "pt_BR, zh_Hans.*assets fetch django wagtail"):
        translation.load("translate/de")
    monkeypatch.setattr(translation, "asset_path", lambda name: interface / "nothing" / name)
    with pytest.raises(LearnerError, match="wagtail have none"):
        translation.load("translate/fr")


def test_too_few_common_texts_are_a_sentence(interface, monkeypatch):
    monkeypatch.setattr(translation, "TEST", 1000)
    with pytest.raises(LearnerError, match="Too few texts.*: 6[0-9] are"):
        translation.load("translate/fr")


# --- all of them ---------------------------------------------------------------------------


def test_the_written_tasks_are_found_in_the_order_of_the_lessons():
    names = task_names("written")
    assert names[:2] == ["write/films", "headlines/news"] and names[2] == "translate/fr"
    assert len(names) == 2 + len(translation.LANGUAGES)
    assert {"fr", "de", "es", "it", "nl", "pt_BR", "zh_Hans", "ar"} <= set(translation.LANGUAGES)
    assert not set(names) & set(task_names())


@pytest.fixture
def real(request):
    family = request.param.partition("/")[0]
    if not here(*NEEDS[family]):
        pytest.skip(f"the data of {request.param} have not been fetched")
    return load_task(request.param)


@pytest.mark.parametrize("real", task_names("written"), indirect=True)
def test_the_real_splits_have_nothing_in_common(real):
    rows = {split: rows_of(real, split) for split in SPLITS}
    every = [row for found in rows.values() for row in found]
    assert len({row["id"] for row in every}) == len(every)
    assert len(rows["test"]) >= 200 and len(rows["validation"]) >= 100
    assert len(rows["train"]) >= 512  # the largest size that a curve of the decoder has
    held_out = {(row["text"], row["target"]) for split in SPLITS[1:] for row in rows[split]}
    assert not held_out & {(row["text"], row["target"]) for row in rows["train"]}
    for row in every:
        assert row["text"] == row["text"].strip() and row["target"] == row["target"].strip() != ""
        assert "\n" not in row["target"] and "&amp;" not in row["text"] + row["target"]
    assert real.writing.prompt.count("{text}") == 1 and real.writing.prompt[-1:] not in " \n"
    assert real.writing.instruction and real.metric in METRICS
    assert real.subset_indices(64, 1) == real.subset_indices(512, 1)[:64]


@pytest.mark.parametrize("real", ["write/films", "headlines/news", "translate/zh_Hans"],
                         indirect=True)
def test_the_second_loading_is_the_first(real):
    translation._shared.cache_clear()
    load_task.cache_clear()
    assert load_task(real.name).fingerprint == real.fingerprint


@pytest.mark.parametrize("real", ["write/films"], indirect=True)
def test_real_reviews_are_those_of_the_language_model(real):
    films = load_task("language/films")
    for split in SPLITS:
        whole = dict(zip(getattr(films, split)["id"], getattr(films, split)["text"], strict=True))
        assert 0.9 * len(whole) < len(getattr(real, split)) < len(whole)
        for row in rows_of(real, split):
            assert normalised(f"{row['text']} {row['target']}") == normalised(whole[row["id"]])


@pytest.mark.parametrize("real", ["headlines/news"], indirect=True)
def test_real_headlines_are_held_out_with_their_articles(real):
    topics = load_task("topics/news")
    for split in ("validation", "test"):
        assert list(getattr(real, split)["id"]) == list(getattr(topics, split)["id"])
    assert 0 <= len(topics.train) - len(real.train) < 10
    held_out = {normalised(headline) for split in ("validation", "test")
                for headline in getattr(real, split)["target"]}
    assert not held_out & {normalised(headline) for headline in real.train["target"]}
    rows = rows_of(real, "train")
    assert all(10 < len(row["text"].split()) <= headlines.LONGEST for row in rows)
    assert sum(row["text"][-1] in '.!?"' for row in rows) > 0.98 * len(rows)
    assert all(2 < len(row["target"].split()) < 12 for row in rows)
    scores = {length: rouge_l(real.train["target"], [
        " ".join(text.split()[:length]) for text in real.train["text"]]) for length in range(3, 16)}
    assert max(scores, key=scores.get) == headlines.LEAD


@pytest.mark.skipif(not here(*translation.ASSETS), reason="the catalogues have not been fetched")
def test_real_languages_share_their_test_texts_and_keep_their_letters():
    loaded = {code: load_task(f"translate/{code}") for code in translation.LANGUAGES}
    for split in ("validation", "test"):
        assert len({tuple(getattr(task, split)["text"]) for task in loaded.values()}) == 1
    held_out = {normalised(text) for split in ("validation", "test")
                for text in getattr(loaded["fr"], split)["text"]}
    for task in loaded.values():
        every = [row for split in SPLITS for row in rows_of(task, split)]
        assert len(every) > 1000
        assert not held_out & {normalised(text) for text in task.train["text"]}
        assert not any(catalogues.PLACEHOLDER.search(row["text"] + row["target"]) for row in every)
        assert all(2 <= len(row["text"].split()) <= 25 for row in every)
    for code, letters in (("ru", "аеио"), ("ar", "اليم"), ("zh_Hans", "的页"), ("fr", "éàê")):
        assert all(any(letter in target for target in loaded[code].test["target"])
                   for letter in letters)
    assert load_task("translate").name == "translate/fr"
