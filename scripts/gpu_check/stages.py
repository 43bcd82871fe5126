"""What scripts/gpu-check does, stage by stage. A stage is a function whose first line of documentation is shown by --list;
it returns a Markdown summary and details for its JSON file, or raises."""

import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from gpu_check import bundle, machine, measured, weights
from gpu_check.machine import BUILD, ROOT, WORK

LIMIT = 9 * 60 - 10  # seconds of a stage
MATH_MODES = ("fp32", "tf32", "bf16", "fp16")


class Failed(Exception):
    """What went wrong, and what there is to say all the same."""

    def __init__(self, problem, summary="", details=None):
        super().__init__(problem)
        self.summary, self.details = summary, details or {}


@dataclasses.dataclass
class Session:
    out: pathlib.Path
    gpu: dict
    deps: pathlib.Path | None
    dry_run: bool
    deadline: float = 0

    def environment(self):
        carried = bundle.environment(self.deps, WORK) if self.deps else {}
        cudnn = {} if os.environ.get("CUDNN_PATH") else {"CUDNN_PATH": machine.cudnn_folder()}
        return os.environ | carried | {k: v for k, v in cudnn.items() if v} | {"NST_OFFLINE": "1"}

    def command(self, log, *command, limit=None):
        """(exit code, all it printed, seconds); the code is None when it ran past the stage's limit and was stopped. What
        it printed is also in build/gpu-check/LOG.log."""
        left = max(1.0, self.deadline - time.monotonic())
        start = time.monotonic()
        path = WORK / f"{log}.log"
        with open(path, "w") as file:
            process = subprocess.Popen([str(c) for c in command], stdout=file, stderr=subprocess.STDOUT, cwd=ROOT,
                                       env=self.environment(), start_new_session=True)
            try:
                code = process.wait(timeout=min(left, limit or left))
            except BaseException as interruption:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if not isinstance(interruption, subprocess.TimeoutExpired):
                    raise
                code = None
        return code, path.read_text(errors="replace"), time.monotonic() - start

    def check(self, log, *command):
        """What it printed; raises Failed with the end of it unless it succeeds."""
        code, text, _ = self.command(log, *command)
        if code != 0:
            why = "ran out of time" if code is None else f"failed with {code}"
            raise Failed(f"{log} {why}:\n" + "\n".join(text.splitlines()[-25:]))
        return text


def build(session):
    """the preset `cuda`, with the benches, for this GPU alone"""
    generator = [] if shutil.which("ninja") else ["-G", "Unix Makefiles"]
    options = ["-DNST_BENCH=ON", f"-DCMAKE_CUDA_ARCHITECTURES={machine.architecture(session.gpu)}",
               f"-DCMAKE_CUDA_COMPILER={machine.nvcc()}"]
    if session.deps:
        options += bundle.cmake_options(session.deps)
    try:
        session.check("configure", "cmake", "--preset", "cuda", *generator, *options)
    except Failed as failure:
        hint = "" if session.deps else "\n(packages that are missing here can be carried: see --deps in --help)"
        raise Failed(str(failure) + hint) from None
    session.check("build", "cmake", "--build", "--preset", "cuda", "--parallel", os.cpu_count())
    has_cudnn = "cuDNN: ON" in (WORK / "configure.log").read_text()
    return f"For `{machine.architecture(session.gpu)}`, cuDNN {'found' if has_cudnn else 'not found'}.", {"cudnn": has_cudnn}


def run_tests(session, program, *arguments):
    report = WORK / f"{program}.json"
    report.unlink(missing_ok=True)
    code, text, seconds = session.command(program, BUILD / "tests" / program, f"--gtest_output=json:{report}", *arguments)
    result = {"program": program, "exit_code": code, "seconds": round(seconds, 1), "tests": 0, "failed": [], "skipped": 0}
    if report.exists():
        for suite in json.loads(report.read_text())["testsuites"]:
            for test in suite["testsuite"]:
                result["tests"] += 1
                result["skipped"] += test["result"] == "SKIPPED"
                if test.get("failures"):
                    result["failed"].append(f"{suite['name']}.{test['name']}")
    elif code is not None:
        result["end"] = text[-500:]
    return result


def tests(session):
    """every test program on the GPU: ops, gradients, golden values, whole models, study ladders, the command"""
    programs = sorted(path.name for path in (BUILD / "tests").glob("*_test") if os.access(path, os.X_OK))
    if not programs:
        raise Failed("there are no test programs: stage 1 builds them")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda program: run_tests(session, program), programs))
    rows = "".join(f"| `{r['program']}` | {r['tests']} | {r['skipped']} | {len(r['failed'])} | {r['seconds']} |\n"
                   for r in results)
    summary = "| program | tests | skipped | failed | seconds |\n|---|---:|---:|---:|---:|\n" + rows
    bad = [r for r in results if r["exit_code"] != 0]
    for r in bad:
        summary += f"\n`{r['program']}` ended with {r['exit_code']}; failed: {', '.join(r['failed'][:20]) or 'it did not say'}\n"
    if bad:
        raise Failed("failed: " + ", ".join(r["program"] for r in bad), summary, {"programs": results})
    return summary, {"programs": results}


# Every op's tests, at odd sizes, and every rung's; gradchecks call the same kernels hundreds of times more.
SANITIZED = {"ops_test": "-*Gradcheck*", "study_test": "*_is_right"}


def sanitize_one(session, tool, program, limit):
    command = [machine.sanitizer(), "--tool", tool, "--error-exitcode", "86", BUILD / "tests" / program,
               f"--gtest_filter={SANITIZED[program]}"]
    code, text, seconds = session.command(f"{tool}_{program}", *command, limit=limit)
    found = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", text)
    passed = len(re.findall(r"^\[       OK \]", text, re.M))
    return {"tool": tool, "program": program, "exit_code": code, "seconds": round(seconds, 1), "tests": passed,
            "summary": found[-1] if found else "stopped by the time limit" if code is None else "no summary"}


def sanitize(session):
    """compute-sanitizer on the kernels' tests: memcheck, racecheck, initcheck, synccheck"""
    jobs = [(tool, program) for program in SANITIZED for tool in ("memcheck", "racecheck", "synccheck", "initcheck")]
    limit = session.deadline - time.monotonic() - 15
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        results = list(pool.map(lambda job: sanitize_one(session, *job, limit), jobs))
    summary = "| tool | program | tests that ended | found | seconds |\n|---|---|---:|---|---:|\n" + "".join(
        f"| {r['tool']} | `{r['program']}` | {r['tests']} | {r['summary']} | {r['seconds']} |\n" for r in results)
    # One that was stopped has found nothing in as many tests as it says; one that found something said so itself.
    bad = [r for r in results if r["exit_code"] not in (0, None) or not r["tests"]]
    if bad:
        raise Failed("found: " + ", ".join(f"{r['tool']} {r['program']}" for r in bad), summary, {"runs": results})
    return summary, {"runs": results}


def bench_kernels(session, suite, name):
    program = ROOT / "build/release/bin/kernel_bench_on_cpu" if session.dry_run else BUILD / "bin/kernel_bench"
    if not program.exists():
        raise Failed(f"{program.relative_to(ROOT)} is missing: " +
                     ("build it first" if session.dry_run else "stage 1 builds it"))
    table, record = session.out / f"{name}.md", session.out / f"{name}.json"
    options = ["--quick", "--rounds", "1"] if session.dry_run else []
    code, text, _ = session.command(name, program, "--filter", f"^{suite}/", "--json", record, "--markdown", table, *options)
    if code is None or not record.exists():
        raise Failed(f"kernel_bench {'ran out of time' if code is None else 'failed'}:\n{text[-1500:]}")
    results = json.loads(record.read_text())["results"]
    refused = [r for r in results if "refusal" in r]
    summary = f"{len(results) - len(refused)} timings: [{name}.md]({name}.md), [{name}.json]({name}.json).\n"
    summary += "".join(f"- **refused** `{r['kernel']}` {r['shape']}, {r['way']} {r['math']}: {r['refusal']}\n" for r in refused)
    if refused:
        raise Failed(f"{len(refused)} kernels were wrong, and not timed", summary, {"refused": refused})
    return summary, {"timings": len(results)}


def kernels(session):
    """every production kernel against the roof, cuBLAS and cuDNN"""
    return bench_kernels(session, "production", "kernels")


def study(session):
    """the study ladders, rung by rung; fills the column `measured` of docs/study"""
    summary, details = bench_kernels(session, "study", "study")
    if not session.dry_run:
        measured.fill(ROOT / "docs/study", json.loads((session.out / "study.json").read_text())["results"])
    return summary, details


def basic_command(session, out, math, iterations, loss_weights):
    pictures = ROOT / "examples/styles"
    return [BUILD / "bin/nst", "basic", "--content", pictures / "meadow.png", "--style", pictures / "swirls.png", "--weights",
            loss_weights, "--size", "512", "--iterations", str(iterations), "--device", "cuda", "--math", math, "--out", out,
            "--report", "--quiet"]


def gatys(session):
    """500 iterations of Gatys' method at 512 px in each math mode, and steps of it beside PyTorch's"""
    loss_weights, what = weights.vgg16(BUILD / "bin/nst", WORK, session.environment())
    torch = machine.torch_version()
    rows, details = [], {"weights": what, "torch": torch}
    for math in MATH_MODES:
        picture = WORK / f"gatys-{math}.png"
        session.check(f"gatys_{math}", *basic_command(session, picture, math, 500, loss_weights))
        report = json.loads(picture.with_suffix(".json").read_text())
        steps = {"ours": json.loads(session.check(f"step_{math}", BUILD / "bin/step", "gatys", "512", "50", "cuda", math))}
        if torch:
            steps["torch"] = json.loads(session.check(f"torch_{math}", "python3", ROOT / "bench/compare/steps_torch.py",
                                                      "gatys", "512", "50", "cuda", math))
        medians = {name: sorted(run["seconds"])[len(run["seconds"]) // 2] * 1e3 for name, run in steps.items()}
        memory = {name: run["peak_device_mb"] for name, run in steps.items()}
        details[math] = {"seconds": report["seconds"], "loss": report["loss"]["total"], "steps_ms": medians, "peak_mb": memory,
                         "peak_tensor_bytes": report["peak_tensor_bytes"]}
        theirs = (f"{medians['torch']:.1f} | {medians['ours'] / medians['torch']:.2f} | {memory['torch']}" if torch
                  else " | | ")
        rows.append(f"| {math} | {report['seconds']:.1f} | {report['loss']['total']:.4g} | {medians['ours']:.1f} | "
                    f"{memory['ours']} | {theirs} |\n")
    return (f"Weights: {what}. PyTorch: {torch or 'not here'}. Steps are medians of 50, of bench/step.cpp.\n\n"
            "| math | 500 iterations, s | loss | step, ms | peak MB | PyTorch step, ms | ratio | its peak MB |\n"
            "|---|---:|---:|---:|---:|---:|---:|---:|\n" + "".join(rows)), details


def profile(session):
    """nst profile of ten iterations in each math mode: table, trace, roofline"""
    loss_weights, _ = weights.vgg16(BUILD / "bin/nst", WORK, session.environment())
    summary = ""
    for math in MATH_MODES:
        prefix = WORK / f"profile-{math}"
        command = basic_command(session, WORK / "profile.png", math, 10, loss_weights)
        text = session.check(f"profile_{math}", command[0], "profile", "--out", prefix, "--by", "op", *command[1:])
        shutil.copy(prefix.with_name(prefix.name + ".roofline.png"), session.out)
        summary += f"{math}, [roofline](profile-{math}.roofline.png):\n\n```\n{text.strip()}\n```\n\n"
    return summary, {}


@dataclasses.dataclass
class Stage:
    number: int
    name: str
    run: callable


STAGES = [Stage(number, function.__name__, function)
          for number, function in enumerate((build, tests, sanitize, kernels, study, gatys, profile), start=1)]


def perform(stage, session):
    """Runs the stage and writes stage-N.json."""
    WORK.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    session.deadline = start + LIMIT
    record = {"stage": stage.number, "name": stage.name, "status": "ok", "problem": "", "summary": "", "details": {}}
    try:
        record["summary"], record["details"] = stage.run(session)
    except Failed as failure:
        record |= {"status": "failed", "problem": str(failure), "summary": failure.summary, "details": failure.details}
    except Exception as error:  # of this script, or of the machine: the other stages may still run
        record |= {"status": "failed", "problem": f"{type(error).__name__}: {error}"}
    record |= {"seconds": round(time.monotonic() - start, 1), "machine": session.gpu, "commit": machine.commit(),
               "date": datetime.date.today().isoformat()}
    (session.out / f"stage-{stage.number}.json").write_text(json.dumps(record, indent=2) + "\n")
    return record
