"""Kernels that are forked from a process in which the large packages are loaded already.

PyTorch and transformers take longer to load than most lessons take to run. Each lesson has a
process of its own all the same: nothing that one does reaches another.
"""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from multiprocessing import forkserver

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "llmtl-forked"
PRELOADED = "llmtl_helpers.site.preloaded"


@contextmanager
def forked_kernels(threads: int) -> Iterator[None]:
    """Within it, every kernel that this process starts is forked, where the system can.

    Args:
        threads: of each kernel. It holds for all of them: OpenMP asks once, when it is loaded.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        yield
        return
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        _context().set_forkserver_preload([PRELOADED])
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
    factory = KernelProvisionerFactory.instance()
    usual = factory.default_provisioner_name
    factory.provisioners[NAME] = EntryPoint(
        NAME, f"{__name__}:{ForkedProvisioner.__name__}", factory.GROUP_NAME)
    factory.default_provisioner_name = NAME
    try:
        yield
    finally:
        factory.default_provisioner_name = usual


class ForkedProvisioner(LocalProvisioner):
    """Starts a kernel by a fork; all else is as for a kernel that is a program of its own."""

    async def launch_kernel(self, cmd, **kwargs):
        self.cwd = kwargs.get("cwd") or os.getcwd()
        self.process = _Forked(cmd[cmd.index("-f"):], kwargs["env"], self.cwd)
        self.pid = self.process.pid
        return self.connection_info


class _Forked:
    """A forked kernel with those methods of `subprocess.Popen` that a provisioner calls."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], env: dict[str, str], folder: str):
        self._process = _context().Process(target=_serve, args=(arguments, env, folder))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("kernel", timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()


def _context():
    return multiprocessing.get_context("forkserver")


def _serve(arguments: list[str], env: dict[str, str], folder: str) -> None:
    """In the new process: be a kernel until it is told to stop."""
    from ipykernel.kernelapp import launch_new_instance

    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    # it ends when the process that it was forked from does, and that when the building process does
    launch_new_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
