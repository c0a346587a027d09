"""What the peer scripts share: shapes, timing by CUDA-graph replays, and the results file that the report reads.

The method is the engine's own: warm up, capture a graph, replay it with an event after each replay while the device is never idle, take
percentiles by nearest rank. What cannot be captured is called instead, which its note says. Data are random: zeros run
faster than real codes. A peer that fails leaves its reason in the file.
"""

import argparse
import json
import math
import os
import time

# Layers, hidden, heads, FFN.
MODELS = {"bert-large": (24, 1024, 16, 4096), "bert-base": (12, 768, 12, 3072)}
CELLS = [(batch, length) for length in (128, 384) for batch in (1, 8, 32, 128)]
LEAST_REPLAYS = 50
MOST_REPLAYS = 2000
CELL_SECONDS = 2.0
CHUNK = 64
HEAD_START = 4
SEED = 1


def products(model):
    """Outputs N and inputs K of a layer's linear products: query, key and value as one; attention output; FFN up; FFN down."""
    _, hidden, _, ffn = MODELS[model]
    return [(3 * hidden, hidden), (hidden, hidden), (ffn, hidden), (hidden, ffn)]


def percentile(values, percent):
    """Nearest rank, as InferenceBenchmark computes it."""
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def reason(error):
    """An exception on one line."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"


class Times(list):
    """Milliseconds, and whether they are of calls instead of replays, with the reason."""

    launched, refusal = False, ""


class Run:
    """One script's run: its options, its clock, its results."""

    def __init__(self, description, plan):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--out", help="results file")
        parser.add_argument("--seconds", type=float, default=3600, help="nothing starts after this time")
        parser.add_argument("--dry-run", action="store_true", help="print what would be measured; needs no torch")
        self.options = parser.parse_args()
        self.start = time.monotonic()
        self.results, self.failures, self.environment = [], [], {}
        if self.options.dry_run:
            for line in plan():
                print(line)
            raise SystemExit(0)

    def device(self):
        """torch, when it and a device are here; exit code 3 tells the caller that there is nothing to measure."""
        try:
            import torch
        except ImportError as error:
            print(f"no torch: {error}")
            raise SystemExit(3) from error
        if not torch.cuda.is_available():
            print("no device: torch.cuda.is_available() is false")
            raise SystemExit(3)
        torch.manual_seed(SEED)
        self.torch = torch
        self.environment = {"torch": torch.__version__, "CUDA": str(torch.version.cuda), "device": torch.cuda.get_device_name(0)}
        return torch

    def attempt(self, peer, what, measure):
        """Runs one measurement; a failure is recorded and does not stop the others."""
        if time.monotonic() - self.start > self.options.seconds:
            self.fail(peer, what, "no time was left")
            return None
        try:
            return measure()
        except Exception as error:  # whatever a library throws at a shape is the answer for that shape
            self.fail(peer, what, reason(error))
            return None

    def fail(self, peer, what, reason):
        self.failures.append({"peer": peer, "what": what, "reason": reason})
        print(f"{peer}, {what}: {reason}", flush=True)
        self.write()

    def add(self, peer, model, batch, length, times, note):
        if getattr(times, "launched", False):
            note += f"; call by call, for a graph was refused ({times.refusal})"
        self.results.append({
            "peer": peer, "model": model, "batch": batch, "length": length, "replays": len(times), "note": note,
            "p50Ms": percentile(times, 50), "p95Ms": percentile(times, 95), "p99Ms": percentile(times, 99),
        })
        print(f"{peer} {model} b{batch} s{length}: {self.results[-1]['p50Ms']:.4f} ms ({len(times)} replays; {note})", flush=True)
        self.write()

    def write(self):
        """The file is whole after each result: a run that is stopped keeps what it has."""
        if self.options.out:
            aside = self.options.out + ".part"
            with open(aside, "w", encoding="utf-8") as file:
                json.dump({"environment": self.environment, "results": self.results, "failures": self.failures}, file, indent=2)
            os.replace(aside, self.options.out)

    def replay_times(self, work):
        """Milliseconds of each replay of a graph of work(); of each call of it where it cannot be captured."""
        torch = self.torch
        side, current = torch.cuda.Stream(), torch.cuda.current_stream()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(3):
                work()
        current.wait_stream(side)
        torch.cuda.synchronize()
        times = Times()
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                work()
            replay = graph.replay
            replay()
            torch.cuda.synchronize()
        except Exception as error:  # some libraries allocate or wait, which a capture forbids
            times.launched, times.refusal = True, reason(error)
            torch.cuda.set_stream(current)  # a capture that fails at its end leaves its own stream behind
            torch.cuda.synchronize()
            replay = work
            replay()
            torch.cuda.synchronize()
        begin = time.monotonic()
        replay()
        torch.cuda.synchronize()
        count = int(min(MOST_REPLAYS, max(LEAST_REPLAYS, CELL_SECONDS / (time.monotonic() - begin))))
        while len(times) < count:
            size = min(CHUNK, count - len(times))
            events = [torch.cuda.Event(enable_timing=True) for _ in range(size + 1)]
            for _ in range(HEAD_START):
                replay()
            events[0].record()
            for event in events[1:]:
                replay()
                event.record()
            torch.cuda.synchronize()
            times += [a.elapsed_time(b) for a, b in zip(events, events[1:])]
        return times

    def finish(self):
        self.write()
        print(f"{len(self.results)} measured, {len(self.failures)} not")
        raise SystemExit(0 if self.results else 1)
