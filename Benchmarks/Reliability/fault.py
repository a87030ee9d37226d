# SPDX-License-Identifier: MIT
"""The list of runs, and what they share. A run returns what was measured, and whether that is good enough."""

import socket
import struct

FAULTS = []


class Size:
    """--short: smaller numbers."""
    is_short = False


def fault(identifier, figure):
    """Registers a run: it returns (what was measured, whether that is good enough)."""
    def register(function):
        FAULTS.append((identifier, figure, function))
        return function
    return register


def scaled(full, short):
    return short if Size.is_short else full


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hold(server, count):
    """So many connections; the loopback has several addresses, each with its own ports."""
    connections = []
    for index in range(count):
        connection = socket.socket()
        connection.bind((f"127.0.0.{2 + index // 20000}", 0))
        connection.connect(("127.0.0.1", server.port))
        connections.append(connection)
    return connections
