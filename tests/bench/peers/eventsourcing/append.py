"""Python's eventsourcing on PostgreSQL: an application a process, a thread a writer.

append.py append WRITERS EVENTS_A_COMMIT WARM_MS SLICE_MS
append.py load STREAMS EVENTS WARM_MS SLICE_MS
"""

import json
import multiprocessing
import os
import sys
import threading
import time

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

STREAM_EVENTS = 20
METADATA = {
    "correlation_id": "0192f1c2-7d3b-7a11-9c55-0c8f7b1d2e3f",
    "causation_id": "0192f1c2-7d3b-7a11-9c55-0c8f7b1d2e40",
    "user_id": "user-000123",
    "source": "rota-service",
}


def shift(n):
    return {
        "ward": f"WARD-{n * 7919 % 99_999_999:08}",
        "activity": "guided self-help by telephone",
        "quarters": n % 9 + 1,
        "pence": n * 37 % 10_000,
        "currency": "GBP",
        "remark": "covered at short notice, handover written, next week unchanged",
        "tags": ["nights", "priority"],
        "site": {
            "street": "Long Street 123",
            "town": "Rotherham",
            "postcode": "S60 1AA",
            "country": "GB",
        },
        "recorded": "2026-11-20T10:24:31.123456Z",
    }


class Rota(Aggregate):
    class ShiftWorked(Aggregate.Event):
        worked: dict
        metadata: dict

        def apply(self, aggregate):
            aggregate.take(self.worked)

    def __init__(self, worked, metadata):
        self.shifts = self.quarters = self.pence = 0
        self.take(worked)

    def take(self, worked):
        self.shifts += 1
        self.quarters += worked["quarters"]
        self.pence += worked["quarters"] * worked["pence"]

    def work(self):
        self.trigger_event(self.ShiftWorked, worked=shift(self.shifts), metadata=METADATA)


def application(connections, create=False):
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": os.environ["PGDATABASE"],
            "POSTGRES_HOST": os.environ["PGHOST"],
            "POSTGRES_PORT": os.environ["PGPORT"],
            "POSTGRES_USER": os.environ["PGUSER"],
            "POSTGRES_PASSWORD": "",
            "POSTGRES_POOL_SIZE": str(connections),
            "POSTGRES_MAX_OVERFLOW": str(connections),
            "CREATE_TABLE": "y" if create else "n",
        }
    )


def appending(app, events):
    rota, worked = None, STREAM_EVENTS

    def command():
        nonlocal rota, worked
        if worked + events > STREAM_EVENTS:
            aggregate, worked, left = Rota(worked=shift(0), metadata=METADATA), 0, events - 1
            rota = aggregate.id
        else:
            aggregate, left = app.repository.get(rota), events
        for _ in range(left):
            aggregate.work()
        app.save(aggregate)
        worked += events

    return command


def loading(app, streams, events):
    rotas = []
    for _ in range(streams):
        aggregate = Rota(worked=shift(0), metadata=METADATA)
        for _ in range(events - 1):
            aggregate.work()
        app.save(aggregate)
        rotas.append(aggregate.id)
    nth = 0

    def command():
        nonlocal nth
        nth = (nth + 1) % len(rotas)
        if app.repository.get(rotas[nth]).shifts != events:
            raise ValueError("a rota of another length")

    return command


def run(work, writers, numbers, phase, told):
    app = application(writers)
    if work == "append":
        commands = [appending(app, numbers[1]) for _ in range(writers)]
    else:
        commands = [loading(app, *numbers[:2])]
    micros, errors = [], []

    def loop(command):
        while phase.value < 2:
            begun = time.perf_counter()
            try:
                command()
                if phase.value == 1:
                    micros.append(round((time.perf_counter() - begun) * 1e6))
            except Exception as error:
                errors.append(repr(error))

    threads = [threading.Thread(target=loop, args=(command,)) for command in commands]
    told.put("ready")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        print(errors[0], file=sys.stderr)
    told.put((micros, len(errors)))


def main():
    work, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    application(1, create=True).close()
    # Python runs one thread at a time: a process for each processor, as its documentation advises.
    processes = min(os.cpu_count(), numbers[0]) if work == "append" else 1
    shares = [1]
    if work == "append":
        shares = [numbers[0] // processes + (n < numbers[0] % processes) for n in range(processes)]
    phase, told = multiprocessing.Value("i", 0), multiprocessing.Queue()
    running = [
        multiprocessing.Process(target=run, args=(work, share, numbers, phase, told))
        for share in shares
    ]
    for process in running:
        process.start()
    for _ in running:
        told.get()
    time.sleep(numbers[2] / 1000)
    print("begin", flush=True)
    begun, phase.value = time.perf_counter(), 1
    time.sleep(numbers[3] / 1000)
    phase.value = 2
    seconds = time.perf_counter() - begun
    ran = [told.get() for _ in running]
    micros = [took for micros, _ in ran for took in micros]
    errors = sum(errors for _, errors in ran)
    print(json.dumps({"seconds": seconds, "errors": errors, "micros": micros}), flush=True)
    for process in running:
        process.join()


if __name__ == "__main__":
    main()
