"""Runs the interop scenario against a server of its own with a client made by Python's tools.

run.py <trellis binary>; the last line is `N passed, N failed`, and the exit code says the same.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

import grpc
from google.protobuf import json_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from client import Refused, SignIns, Trellis, compile_protos

SCENARIO = json.loads((pathlib.Path(__file__).resolve().parents[1] / "scenario.json").read_text())
STARTS_WITHIN = 120.0
CONSEQUENCES_WITHIN = 60.0


class Report:
    """Counts checks and tells of the failed ones."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, what: str, holds: bool, instead: object = "") -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what} {instead}".rstrip())


class Scenario:
    """The steps, with the names of what earlier steps made."""

    def __init__(self, sign_ins: SignIns, report: Report) -> None:
        self.sign_ins = sign_ins
        self.report = report
        self.names: dict[str, str] = {}
        self.sent: dict[str, tuple[Trellis, str, dict, bytes]] = {}

    def filled(self, value):
        """The request with `$name` replaced by what it stands for."""
        if isinstance(value, dict):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if isinstance(value, str) and value.startswith("$"):
            kind, _, file = value[1:].partition(":")
            return self.sign_ins.acts_for(file) if kind == "acts_for" else self.names[value[1:]]
        return value

    def play(self, step: dict) -> None:
        client = self.sign_ins.named(step["by"])
        if "finds" in step:
            return self.find(step, client)
        rpc, request = step["call"], self.filled(step["with"])
        if "shows" in step:
            self.read(step, client, rpc, request)
        elif "refused" in step:
            self.refused(step, client, rpc, stamped(step, request))
        else:
            self.write(step, client, rpc, stamped(step, request))

    def write(self, step: dict, client: Trellis, rpc: str, request: dict) -> None:
        answer, raw = client.call_raw(rpc, request)
        receipt = answer.receipt
        self.report.check(
            f"{step['step']}: a receipt",
            "/" in receipt.name and receipt.version >= 1 and receipt.recorded_time.seconds > 0,
            answer,
        )
        self.sent[step["step"]] = (client, rpc, request, raw)
        if "names" in step:
            self.names[step["names"]] = receipt.name

    def find(self, step: dict, client: Trellis) -> None:
        """Waits until the caller's own feed tells of a record that nobody asked for."""
        deadline, after = time.monotonic() + CONSEQUENCES_WITHIN, 0
        while time.monotonic() < deadline:
            page = client.call("FeedService/ListFeed", {"after_position": after, "page_size": 1000})
            found = [item.name for item in page.items if item.name.startswith(step["finds"])]
            if found:
                self.names[step["names"]] = found[0]
                return self.report.check(step["step"], True)
            after = page.next_position
            time.sleep(0.05)
        raise RuntimeError(f"{step['step']}: nothing of {step['finds']} came")

    def refused(self, step: dict, client: Trellis, rpc: str, request: dict) -> None:
        try:
            answer = client.call(rpc, request)
        except Refused as refused:
            self.report.check(
                f"{step['step']}: refused with {step['refused']}",
                (refused.reason, refused.domain) == (step["refused"], "trellis"),
                f"but {refused.code} {refused.reason}: {refused}",
            )
        else:
            self.report.check(f"{step['step']}: refused with {step['refused']}", False, f"but {answer}")

    def read(self, step: dict, client: Trellis, rpc: str, request: dict) -> None:
        """Reads until it shows what is expected: consequences follow within moments."""
        deadline, seen = time.monotonic() + CONSEQUENCES_WITHIN, None
        while True:
            try:
                seen = as_dict(client.call(rpc, request))
            except Refused as refused:
                seen = {"refused": refused.reason}
            if all(at(seen, path) == value for path, value in step["shows"].items()):
                return self.report.check(f"{step['step']}: {step['shows']}", True)
            if time.monotonic() > deadline:
                return self.report.check(f"{step['step']}: {step['shows']}", False, f"but {seen}")
            time.sleep(0.05)


def stamped(step: dict, request: dict) -> dict:
    return {"request_id": str(uuid.uuid4()), "effective": step["on"], **request}


def as_dict(message) -> dict:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def at(value, path: str):
    """The value at a path such as `offer.checks.0.result`."""
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError):
            return None
    return value


def check_repeats(scenario: Scenario, report: Report) -> None:
    """A repeat of a request is answered with the first answer, byte for byte, whatever came since."""
    client, rpc, request, first = scenario.sent[SCENARIO["repeat"]]
    _, again = client.call_raw(rpc, request)
    report.check("a repeated request is answered with identical bytes", again == first)
    try:
        client.call(rpc, {**request, "effective": "2025-11-11"})
        report.check("a reused request id is refused", False)
    except Refused as refused:
        report.check("a reused request id is refused", refused.reason == "REQUEST_ID_REUSED", refused.reason)
        report.check("and is an INVALID_ARGUMENT", refused.code == grpc.StatusCode.INVALID_ARGUMENT, refused.code)
    operation = client.call("OperationService/GetOperation", {"request_id": request["request_id"]})
    report.check("the lost answer can be asked for", operation.receipt.SerializeToString() in first, operation)


def check_feed(sign_ins: SignIns, report: Report, file: str) -> None:
    """Positions are 1, 2, 3, ... without holes, and the other party's seals are in nobody else's feed."""
    client, own, after, items = sign_ins.named(file), sign_ins.acts_for(file), 0, []
    while True:
        page = client.call("FeedService/ListFeed", {"after_position": after, "page_size": 100})
        items += page.items
        after = page.next_position
        if not page.more:
            break
    report.check(f"{file}: the feed has no holes", [item.position for item in items] == list(range(1, len(items) + 1)))
    report.check(f"{file}: the feed holds events", len(items) > 0)
    foreign = [item for item in items if item.name.startswith("seals/") and item.acting_tenant != own]
    report.check(f"{file}: no seal of another party is in the feed", not foreign, foreign)


def check_history(sign_ins: SignIns, report: Report) -> None:
    """The auditor's replay: every chain verifies and the order is the order of life."""
    person = sign_ins.acts_for(SCENARIO["history"]["person"])
    entries = sign_ins.named("meridian.auditor").call("AuditService/ReplayHistory", {"person": person})
    events, summary = [entry.event for entry in entries if entry.HasField("event")], entries[-1].summary
    report.check("the replay verifies", summary.verified and all(event.chain_verified for event in events))
    report.check("the replay is whole", summary.events == len(events) > 0, summary)
    order = [event.event_type for event in events]
    rest = iter(order)
    report.check(
        "the replay is in order", all(expected in rest for expected in SCENARIO["history"]["events"]), order
    )


def check_transport(sign_ins: SignIns, report: Report) -> None:
    health = health_pb2_grpc.HealthStub(sign_ins.channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    report.check("health says SERVING", health.status == health_pb2.HealthCheckResponse.SERVING, health)
    offered = set(ProtoReflectionDescriptorDatabase(sign_ins.channel).get_services())
    report.check("reflection lists the services", set(Trellis.services()) <= offered, offered)
    try:
        Trellis(sign_ins.channel, "not-a-token").call("FeedService/ListFeed")
        report.check("a bad token is refused", False)
    except Refused as refused:
        report.check("a bad token is refused", refused.code == grpc.StatusCode.UNAUTHENTICATED, refused.code)


def run(binary: str, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="trellis-python-") as folder:
        # the database server may run as a user of its own, which has to get in
        os.chmod(folder, 0o711)
        data, generated, log = (pathlib.Path(folder) / name for name in ("data", "generated", "log"))
        generated.mkdir()
        compile_protos(generated)
        with log.open("w") as output:
            server = subprocess.Popen(
                [binary, "demo", "--empty", "--data-dir", str(data)]
                + ["--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0"],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            sign_ins = SignIns(ready(server, data / "sign-ins" / "all.json", log))
            scenario = Scenario(sign_ins, report)
            check_transport(sign_ins, report)
            for step in SCENARIO["steps"]:
                scenario.play(step)
            check_repeats(scenario, report)
            for file in SCENARIO["feeds"]:
                check_feed(sign_ins, report, file)
            check_history(sign_ins, report)
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
            report.check("the server stops when asked", server.wait(timeout=60) == 0, server.returncode)
            if report.failed:
                print(log.read_text()[-4000:])


def ready(server: subprocess.Popen, file: pathlib.Path, log: pathlib.Path) -> pathlib.Path:
    """The list of sign-ins, which is written when everything serves."""
    deadline = time.monotonic() + STARTS_WITHIN
    while not file.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start:\n{log.read_text()}")
        time.sleep(0.05)
    return file


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    report = Report()
    try:
        run(sys.argv[1], report)
    except Exception:  # whatever breaks the run off is one failure, told in full
        traceback.print_exc()
        report.failed += 1
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
