#!/usr/bin/env python3
"""Sets the suite up once, then hands over to its command line.

    python3 start.py                    set up, then open JupyterLab at notebook 00
    python3 start.py demo               the main result, without a browser
    python3 start.py test               every test, notebooks included
    python3 start.py doctor             is everything in order here, and how fast is it?
    python3 start.py COMMAND --help     more on a command; the others:
                                        assets bench build hub lab own pretrain
                                        progress site sweep

    --torch-index URL   before the command: take PyTorch from this package index, for
                        example from the one that pytorch.org names for CPU builds

Set-up makes the folder .venv beside this file (pinned packages) and fetches the data into
the folder local. It is done once; if it is cut off, the same command completes it.
"""
# Nothing but Python is needed here. A Python too old for the rest must still be able to read
# this file, or it could not say so: no newer syntax, no newer modules at the top.
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
WINDOWS = os.name == "nt"
OLDEST = (3, 11)
EXTRAS = ("test", "site")  # commands that need more packages; each is an extra of pyproject.toml
DISK_GB = 4  # the packages with a CPU build of PyTorch (2.1 GB), the data (0.8 GB), and some air
DISK_GB_CUDA = 8  # the packages with PyTorch's CUDA libraries (5.8 GB) instead
COST = """\
Setting up, once. Python packages: about 0.5 GB to download, 2.1 GB on disk (folder .venv).
The course's data: about 220 MB to download, 0.8 GB on disk (folder local).
pip's whole output: %s"""
COST_LINUX = """\
On Linux the usual package index sends PyTorch with its CUDA libraries: 3.0 GB to download and
5.8 GB on disk instead. No NVIDIA card? Press Ctrl-C and start again with
python3 start.py --torch-index URL
the URL being the one for "CPU" on https://pytorch.org/get-started/locally/"""


class SetupError(Exception):
    """What happened and the one thing to do next, in whole sentences."""


def main(argv):
    """Set up what is missing, hand over to the command, return its exit code."""
    try:
        check_python(sys.version_info)
        if argv[:1] in (["-h"], ["--help"]):
            print(__doc__.strip())
            return 0
        torch_index, command = read_torch_index(argv)
        check_command(command)
        extra = command[0] if command[0] in EXTRAS else ""
        if not is_whole(extra):
            set_up(extra, torch_index)
        elif torch_index and torch_index != read_stamp()[3]:
            print("Set-up is done already. To make it again with this --torch-index, "
                  "delete the folder .venv first.")
        code = fetch_assets(command[0])
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print("Set-up could not go on: %s. Make sure that the disk is not full and that you may "
              "write in %s, then run the same command again." % (error, ROOT), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Nothing is broken: the same command completes the set-up.",
              file=sys.stderr)
        return 130
    return code or hand_over(suite(*command))


def read_torch_index(argv):
    """(URL or None, the command and its arguments); `lab` is the default command."""
    first = argv[0] if argv else ""
    if first == "--torch-index":
        url, command = "".join(argv[1:2]), argv[2:]
    elif first.startswith("--torch-index="):
        url, command = first.partition("=")[2], argv[1:]
    else:
        return None, argv or ["lab"]
    if "/" not in url:
        raise SetupError("--torch-index needs the address of a package index: "
                         "python3 start.py --torch-index URL demo")
    return url, command or ["lab"]


def check_command(command):
    """Before anything is fetched: a typing error must not cost a download."""
    folder = os.path.join(ROOT, "llmtl_helpers", "commands")
    there = sorted(name[:-3] for name in os.listdir(folder) if re.match("[a-z]+[.]py$", name))
    if command[0] not in there + ["--version"]:
        raise SetupError("There is no command %s. Choose one of: %s."
                         % (command[0], ", ".join(there)))
    if any(word.split("=")[0] == "--torch-index" for word in command[1:]):
        raise SetupError("--torch-index comes before the command: "
                         "python3 start.py --torch-index URL %s" % command[0])


# --- places ---------------------------------------------------------------------------------


def venv():
    return os.path.join(ROOT, ".venv")


def python():
    return os.path.join(venv(), *(("Scripts", "python.exe") if WINDOWS else ("bin", "python")))


def stamp():
    """Written last. An environment without it was cut off and is made anew."""
    return os.path.join(venv(), "whole.txt")


def home():
    """The folder that is written to, as `llmtl_helpers.paths.home` has it."""
    return os.path.expanduser(os.environ.get("LLMTL_HOME") or os.path.join(ROOT, "local"))


def shared_cache():
    """Fetched data for all who share this installation, as `llmtl_helpers.paths` has it."""
    named = os.environ.get("LLMTL_SHARED", os.path.join(ROOT, "local", "cache"))
    return os.path.expanduser(named)


def is_read_only():
    """Whether somebody else looks after this installation."""
    return not os.access(ROOT, os.W_OK)


# --- what must hold before anything is made -------------------------------------------------


def check_python(version):
    if tuple(version[:2]) < OLDEST:
        raise SetupError(
            "This is Python %d.%d, and the suite needs %d.%d or newer. Install one from "
            "python.org or your system's packages and start with it, for example: "
            "python%d.%d start.py" % (tuple(version[:2]) + OLDEST + OLDEST))


def check_rights(extra):
    if is_read_only():
        raise SetupError(
            "The suite in %s is not set up for %s, and you may not write there. Ask whoever looks "
            "after it to run `python3 start.py %s` in that folder, or work in a clone of your own."
            % (ROOT, "`%s`" % extra if extra else "its present version", extra or "doctor"))


def check_venv_module():
    try:
        import ensurepip
        import venv as _  # only to see whether it is there
        ensurepip.version()
    except ImportError:
        raise SetupError(
            "This Python came without the modules venv and ensurepip, which set-up needs. On "
            "Debian and Ubuntu: sudo apt install python%d.%d-venv. Elsewhere: install Python "
            "from python.org. Then run the same command again." % sys.version_info[:2])


def check_disk(anew, torch_index):
    free, needed = shutil.disk_usage(ROOT).free / 1e9, DISK_GB if anew else 1
    if free < needed:
        raise SetupError(
            "Only %.1f GB are free where %s is, and set-up needs %d GB. Free some, or move the "
            "folder to a larger disk, then run the same command again." % (free, ROOT, needed))
    if anew and free < DISK_GB_CUDA and sys.platform.startswith("linux") and not torch_index:
        print("Only %.1f GB are free: enough for PyTorch's CPU build, not for its CUDA libraries."
              % free)


# --- the environment ------------------------------------------------------------------------


def wanted():
    """Two lines: what is to be installed; for which Python and folder it is."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return [digest.hexdigest(), "python%d.%d in %s" % (sys.version_info[:2] + (ROOT,))]


def read_stamp():
    """The stamp's four lines: as `wanted`, then the extras that are installed, then the index that
    PyTorch came from, if one was named."""
    try:
        with open(stamp(), encoding="utf-8") as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        lines = []
    return (lines + [""] * 4)[:4]


def is_whole(extra):
    found, want = read_stamp(), wanted()
    if is_read_only():  # whatever Python this is: the one in .venv, which cannot be changed, serves
        found[1], want[1] = found[1].partition(" in ")[2], ROOT
    return found[:2] == want and extra in [""] + found[2].split() and os.path.exists(python())


def set_up(extra, torch_index):
    """Make the environment, or bring it up to date.

    An interruption leaves no stamp, and an environment without a stamp is made anew, so no
    half-installed package can survive. What pip had downloaded is in pip's own cache.
    """
    check_rights(extra)
    check_venv_module()
    was = read_stamp()
    anew = was[1] != wanted()[1] or not os.path.exists(python())
    torch_index = torch_index or was[3]  # an update takes PyTorch from where it came
    check_disk(anew, torch_index)
    os.makedirs(home(), mode=0o700, exist_ok=True)  # as `llmtl_helpers.paths.make_home`
    log = os.path.join(home(), "setup.log")
    if not anew:
        print("Bringing the folder .venv up to date. pip's whole output: %s" % log)
    else:
        print(COST % log)
        if sys.platform.startswith("linux") and not torch_index:
            print(COST_LINUX)
    with open(os.path.join(home(), "setup.lock"), "w") as lock, \
            open(log, "a", encoding="utf-8") as log:
        hold(lock)
        log.truncate(0)  # not before: another set-up may have been writing it
        extras = sorted(set(was[2].split() + [extra]) - {""})
        if os.path.exists(stamp()):
            os.remove(stamp())
        if anew:
            # Not sys.executable: it would be deleted here if it is .venv's own.
            base = getattr(sys, "_base_executable", None) or sys.executable
            run("making .venv", [base, "-m", "venv", "--clear", venv()], log)
        if torch_index:  # alone and without what it needs: that comes from the usual index
            run("PyTorch", pip("--no-deps", "--index-url", torch_index, "torch"), log)
        what = ".[%s]" % ",".join(extras) if extras else "."
        run("packages", pip("--editable", what), log)
        run("compiling", [python(), "-c", COMPILE], log)
        with open(stamp(), "w", encoding="utf-8") as file:
            file.write("\n".join(wanted() + [" ".join(extras), torch_index]))


def hold(lock):
    """Keep a second set-up out of this folder until `lock` is closed here and in pip.

    pip inherits it: it goes on for a while if this process alone is killed.
    """
    os.set_inheritable(lock.fileno(), True)
    try:
        if WINDOWS:
            import msvcrt
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise SetupError("Another set-up is at work in this folder. Wait until it is done, "
                         "then run the same command again.")


def pip(*arguments):
    return [python(), "-m", "pip", "install", "--no-input", "--progress-bar", "off",
            "--no-compile", "--constraint", "constraints.txt"] + list(arguments)


# pip compiles what it installs on one core; this uses them all, and leaves out the packages' own
# tests. A file that is no Python of this version, such as a template, is passed over, as pip does.
COMPILE = r"""
import compileall, re, sysconfig
TESTS = re.compile(r"site-packages.*[/\\]tests?[/\\]")
for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
    compileall.compile_dir(folder, quiet=2, workers=0, rx=TESTS)
"""


def run(step, command, log):
    """Run one step of the set-up; its output goes to `log`, what it is doing to the screen.

    Raises:
        SetupError: the step failed; the sentence says why, as far as the output tells.
    """
    # A user-wide `pip install --user` setting would make pip refuse to work in .venv.
    env = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUTF8="1")
    process = subprocess.Popen(command, cwd=ROOT, env=env, close_fds=False,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               encoding="utf-8", errors="replace")
    lines = []

    def read():
        for line in process.stdout:
            lines.append(line)
            log.write(line)

    reader = threading.Thread(target=read)
    reader.start()
    show, started = Status(step), time.monotonic()
    try:
        while reader.is_alive():
            reader.join(1)
            show.doing(doing(lines), time.monotonic() - started)
        failed = process.wait() != 0
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        log.flush()
        show.end()
    if failed:
        raise SetupError(explain(step, "".join(lines), log.name))


class Status:
    """One line that is overwritten on a terminal; elsewhere a new line every 20 seconds."""

    def __init__(self, step):
        self.step, self.terminal, self.due = step, sys.stdout.isatty(), 0

    def doing(self, what, seconds):
        line = "  %s, %d s: %s" % (self.step, seconds, what)
        if self.terminal:
            print("\r" + line[:78].ljust(78), end="", flush=True)
        elif seconds >= self.due:
            print(line, flush=True)
            self.due = seconds + 20

    def end(self):
        if self.terminal:
            print()


def doing(lines):
    """What pip is at, from what it printed."""
    for line in reversed(lines):
        found = re.match(r"\s*(Collecting|Downloading|Using cached) ([^\s<>=!~;(]+)(.*)", line)
        if line.startswith("Installing collected"):
            return "installing %d packages" % (line.count(",") + 1)
        if found:
            verb = "looking for" if found.group(1) == "Collecting" else found.group(1).lower()
            name = os.path.basename(found.group(2)).split("-cp")[0].split("-py")[0]
            size = re.search(r"\([\d.]+ \wB\)", found.group(3))
            return " ".join([verb, name] + ([size.group()] if size else []))
    return "working"


NETWORK = ("NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|ProxyError|SSLError|"
           "Network is unreachable|name resolution|connection broken|Connection aborted|"
           r"from versions: none|IncompleteRead")


def explain(step, output, log):
    """Why a step failed and what to do next."""
    again = " Then run the same command again. (pip's own words: %s)" % log
    if re.search("No space left|Errno 28|not enough space", output):
        return ("The disk is full: set-up needs %d GB, and 8 GB with PyTorch's CUDA libraries. "
                "Free some." % DISK_GB + again)
    if re.search(NETWORK, output):
        return ("The package index could not be reached, or does not hold what is needed. Check "
                "the network; behind a proxy or a mirror, check pip's settings." + again)
    errors = [line.strip() for line in output.splitlines() if "error" in line.lower()]
    reason = (errors or ["no reason given"])[-1][:300].rstrip(".")
    return "Set-up failed at the step `%s`: %s." % (step, reason) + again


# --- the data -------------------------------------------------------------------------------


def fetch_assets(command):
    """Fetch the course's data unless they are here; return an exit code.

    `assets` manages the data itself and `doctor` is there to tell what is wrong with them.
    """
    with open(os.path.join(ROOT, "llmtl_helpers", "assets", "catalogue.py"), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    mark = os.path.join(home(), "cache", "fetched.txt")
    shared = shared_cache() and os.path.join(shared_cache(), "fetched.txt")
    if command == "assets" or holds(mark, digest) or (shared and holds(shared, digest)):
        return 0
    code = subprocess.call(suite("assets", "fetch"))
    # what the suite can do without, and what this machine could not fetch, is asked for next time
    left_out = os.path.exists(os.path.join(home(), "cache", "left_out.txt"))
    if code == 0 and not left_out:
        try:
            os.makedirs(os.path.dirname(mark), exist_ok=True)
            with open(mark, "w", encoding="utf-8") as file:
                file.write(digest)
        except OSError:
            pass  # then it is asked again; what needs to write says that it cannot
    return 0 if command == "doctor" else code


def holds(file, text):
    """Whether this file says so; one that is not there or not ours to read does not."""
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read() == text
    except OSError:
        return False


def suite(*arguments):
    """The suite's own command line. -P: nothing is imported from the folder one is in."""
    return [python(), "-P", "-m", "llmtl_helpers"] + list(arguments)


def hand_over(command):
    """Become `command`. Windows cannot, so there it is waited for."""
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it was sent to the command as well, which decides
            pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
