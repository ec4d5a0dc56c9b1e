"""A client of Trellis made by Python's ordinary tools: grpcio-tools compiles proto/, grpcio calls.

Also a command: client.py <sign-ins/all.json> <sign-in> <Service/Method> [request as JSON]
"""

from __future__ import annotations

import importlib
import importlib.resources
import json
import pathlib
import sys
import tempfile

import grpc
from google.protobuf import json_format, message_factory
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[3] / "proto"
PACKAGE = "trellis.v1"


def compile_protos(out: pathlib.Path) -> None:
    """Compiles every file under proto/ into `out` and makes it importable."""
    files = sorted(str(file) for file in PROTO.rglob("*.proto"))
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{PROTO}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    if protoc.main(arguments) != 0:
        raise SystemExit("the files under proto/ do not compile")
    sys.path.insert(0, str(out))


class Refused(Exception):
    """A refused call, as the rich error details tell it."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code = error.code()
        self.reason = ""
        self.domain = ""
        self.metadata: dict[str, str] = {}
        self.violations: list[str] = []
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                info = error_details_pb2.ErrorInfo()
                detail.Unpack(info)
                self.reason, self.domain, self.metadata = info.reason, info.domain, dict(info.metadata)
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                violations = error_details_pb2.BadRequest()
                detail.Unpack(violations)
                self.violations = [violation.field for violation in violations.field_violations]


class Trellis:
    """A running service, called as one sign-in."""

    _services: dict[str, tuple] = {}

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self.channel = channel
        self.credentials = (("authorization", f"Bearer {token}"),)

    @classmethod
    def _find(cls, service: str) -> tuple:
        """The generated stub and the descriptor of a service."""
        if not cls._services:
            for file in sorted((PROTO / "trellis" / "v1").glob("*.proto")):
                messages = importlib.import_module(f"trellis.v1.{file.stem}_pb2")
                stubs = importlib.import_module(f"trellis.v1.{file.stem}_pb2_grpc")
                for name, descriptor in messages.DESCRIPTOR.services_by_name.items():
                    cls._services[name] = (getattr(stubs, f"{name}Stub"), descriptor)
        return cls._services[service]

    @classmethod
    def services(cls) -> list[str]:
        """Every service under proto/, `trellis.v1.VacancyService`."""
        cls._find("OperationService")
        return [f"{PACKAGE}.{name}" for name in cls._services]

    def call(self, rpc: str, fields: dict | None = None):
        """Calls `Service/Method`; a unary answer is a message, a stream a list of them."""
        service, method = rpc.removeprefix(f"{PACKAGE}.").split("/")
        stub, descriptor = self._find(service)
        described = descriptor.methods_by_name[method]
        request = json_format.ParseDict(fields or {}, message_factory.GetMessageClass(described.input_type)())
        try:
            answer = getattr(stub(self.channel), method)(request, metadata=self.credentials, timeout=60)
            return list(answer) if described.server_streaming else answer
        except grpc.RpcError as error:
            raise Refused(error) from None

    def call_raw(self, rpc: str, fields: dict) -> tuple:
        """A unary call that also keeps the answer's bytes as they came."""
        service, method = rpc.split("/")
        described = self._find(service)[1].methods_by_name[method]
        request = json_format.ParseDict(fields, message_factory.GetMessageClass(described.input_type)())
        invoke = self.channel.unary_unary(
            f"/{PACKAGE}.{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=None,
        )
        try:
            raw = invoke(request, metadata=self.credentials, timeout=60)
        except grpc.RpcError as error:
            raise Refused(error) from None
        return message_factory.GetMessageClass(described.output_type).FromString(raw), raw


class SignIns:
    """The list of sign-ins a demonstration writes: where to call, and as whom."""

    def __init__(self, path: pathlib.Path) -> None:
        known = json.loads(path.read_text())
        self.address = known["address"]
        self.by_file = {sign_in["file"]: sign_in for sign_in in known["sign_ins"]}
        self.channel = grpc.insecure_channel(self.address)

    def named(self, file: str) -> Trellis:
        """The service as that sign-in calls it."""
        return Trellis(self.channel, self.by_file[file]["token"])

    def acts_for(self, file: str) -> str:
        """`tenants/{uuid}` or `people/{uuid}`."""
        return self.by_file[file]["acts_for"]


def main(arguments: list[str]) -> int:
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as out:
        compile_protos(pathlib.Path(out))
        client = SignIns(pathlib.Path(arguments[0])).named(arguments[1])
        try:
            answer = client.call(arguments[2], json.loads(arguments[3]) if len(arguments) == 4 else {})
        except Refused as refused:
            print(f"{refused.code.name} {refused.reason}: {refused}", file=sys.stderr)
            return 1
        for message in answer if isinstance(answer, list) else [answer]:
            print(json_format.MessageToJson(message, preserving_proto_field_name=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
