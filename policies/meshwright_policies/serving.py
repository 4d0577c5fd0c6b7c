"""The program that the engine starts: serves the pack, and explains a config that never came."""

import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import psutil
from pulumi.runtime.proto import analyzer_pb2_grpc

from meshwright_policies import RULES, config
from meshwright_policies.servicer import Servicer

# As large as the engine's own: a stack of thousands of resources is one message.
_MOST_BYTES = 400 * 1024 * 1024


def serve(pack: Path) -> None:
    """Serve the pack, whose folder is given, until the engine ends this program."""
    servicer = Servicer()
    server = grpc.server(
        # One resource at a time is judged fastest: threads of Python would take turns anyway.
        futures.ThreadPoolExecutor(max_workers=1),
        options=[("grpc.max_receive_message_length", _MOST_BYTES)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")  # what the engine waits for
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:  # the engine's way to end it
        if servicer.awaits_config:
            sys.stderr.write("".join(f"{wrong}\n" for wrong in refused(pack)))
        server.stop(None)


def refused(pack: Path) -> Iterator[str]:
    """What is wrong with the config files that the engine was started with for this pack.

    It refuses some mistakes itself, one at a time and without naming the key, before the pack sees
    the config; then the command line of the engine tells which file is meant.
    """
    for process in psutil.Process().parents():
        try:
            arguments, folder = process.cmdline(), Path(process.cwd())
        except psutil.Error:
            continue  # another user's: not our engine
        # The engine matches packs and configs by their order.
        packs, files = given(arguments, "--policy-pack"), given(arguments, "--policy-pack-config")
        for path, file in zip(packs, files, strict=False):
            if (folder / path).resolve() != pack.resolve():
                continue
            try:
                config.read(folder / file, RULES)
            except config.Wrong as wrong:
                yield f"{file}: {wrong}"
            except OSError as error:
                yield f"{file}: {error.strerror}"


def given(arguments: list[str], option: str) -> Iterator[str]:
    """What a command line gives for an option, in either way to write it."""
    for index, argument in enumerate(arguments):
        if argument == option and index + 1 < len(arguments):
            yield arguments[index + 1]
        elif argument.startswith(f"{option}="):
            yield argument.partition("=")[2]
