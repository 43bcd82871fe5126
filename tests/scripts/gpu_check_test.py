"""scripts/gpu-check without a GPU: what it says then, what it makes of results, and how libraries travel."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from gpu_check import bundle, machine, measured, stages, summary, weights  # noqa: E402

FAKE_SMI = """#!/bin/sh
echo "NVIDIA H100 80GB HBM3, 580.1, 9.0, 81559, 1980, 345, 2619, 700.00"
"""


def program(folder, name, text):
    path = pathlib.Path(folder) / name
    path.write_text(text)
    path.chmod(0o755)


@contextlib.contextmanager
def path_is(folder):
    before = os.environ["PATH"]
    os.environ["PATH"] = str(folder)
    try:
        yield
    finally:
        os.environ["PATH"] = before


class GpuCheck(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_command(self, *arguments, path=None):
        env = dict(os.environ, PATH=str(path)) if path else None
        return subprocess.run([sys.executable, ROOT / "scripts/gpu-check", *arguments], capture_output=True, text=True, env=env)

    def session(self, seconds=60):
        machine.WORK.mkdir(parents=True, exist_ok=True)
        return stages.Session(self.folder, {"gpu": "none"}, None, False, time.monotonic() + seconds)

    def test_lists_its_stages(self):
        done = self.run_command("--list")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split()[1] for line in done.stdout.splitlines()],
                         ["build", "tests", "sanitize", "kernels", "study", "gatys", "profile"])

    def test_says_that_there_is_no_gpu(self):
        done = self.run_command("--out", str(self.folder), path=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "gpu-check: no CUDA device: nvidia-smi was not found, so NVIDIA's driver is not installed\n")
        program(self.folder, "nvidia-smi", "#!/bin/sh\necho 'No devices were found'\nexit 6\n")
        done = self.run_command("--out", str(self.folder), path=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "gpu-check: no CUDA device: nvidia-smi failed: No devices were found\n")

    def test_refuses_a_stage_that_does_not_exist(self):
        done = self.run_command("--stage", "9")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no stage 9", done.stderr)

    def test_reads_the_gpu_and_builds_for_it_alone(self):
        program(self.folder, "nvidia-smi", FAKE_SMI)
        program(self.folder, "nvcc", "#!/bin/sh\necho 'Build cuda_13.0'\n")
        with path_is(self.folder):
            gpu = machine.gpu()
        self.assertEqual(gpu["gpu"], "NVIDIA H100 80GB HBM3")
        self.assertEqual(gpu["max_clock_mhz"], "1980")
        self.assertEqual(machine.architecture(gpu), "90-real")

    def test_a_stage_that_fails_says_so_and_keeps_what_it_has(self):
        def fails(session):
            """it does"""
            raise stages.Failed("two kernels were wrong\nand more", "| half | a table |", {"kernels": 2})

        def breaks(session):
            """it does"""
            return 1 // 0

        for number, function in enumerate((fails, breaks), start=1):
            stages.perform(stages.Stage(number, function.__name__, function), self.session())
        first, second = (json.loads((self.folder / f"stage-{n}.json").read_text()) for n in (1, 2))
        self.assertEqual((first["status"], first["summary"], first["details"]),
                         ("failed", "| half | a table |", {"kernels": 2}))
        self.assertEqual((second["status"], second["problem"]),
                         ("failed", "ZeroDivisionError: integer division or modulo by zero"))
        summary.write(self.folder)
        page = (self.folder / "README.md").read_text()
        self.assertIn("| 1 | fails | failed: two kernels were wrong | 0 | none |", page)
        self.assertIn("### 1. fails\n\n| half | a table |\n", page)
        self.assertNotIn("### 2.", page)

    def test_a_summary_replaces_what_is_between_the_marks(self):
        page = self.folder / "README.md"
        page.write_text("above\n" + summary.MARKS[0] + "old\n" + summary.MARKS[1] + "below\n")
        summary.write(self.folder)
        self.assertEqual(page.read_text(),
                         "above\n" + summary.MARKS[0] + "Nothing measured yet.\n" + summary.MARKS[1] + "below\n")

    def test_the_committed_page_has_the_marks(self):
        text = (ROOT / "docs/gpu/README.md").read_text()
        self.assertEqual([text.count(mark) for mark in summary.MARKS], [1, 1])

    def test_stops_what_runs_too_long(self):
        start = time.monotonic()
        code, text, _ = self.session(seconds=1).command("test", "sh", "-c", "echo begun; sleep 30 & wait")
        self.assertIsNone(code)
        self.assertEqual(text, "begun\n")
        self.assertLess(time.monotonic() - start, 20)

    def test_writes_measured_times_into_the_study_tables(self):
        page = self.folder / "matmul.md"
        page.write_text("<!-- study_model: begin a, b -->\n| rung | measured ms |\n| `01_x` | idea | 3 |  |\n"
                        "| `02_y` | idea | 4 | 7 |\n<!-- study_model: end a, b -->\n| `01_x` | 5 |  |\n")
        measured.fill(self.folder, [{"shape": "a, b", "way": "01_x", "seconds": 0.0012345},
                                    {"shape": "another", "way": "02_y", "seconds": 1},
                                    {"shape": "a, b", "way": "02_y", "refusal": "wrong"}])
        self.assertEqual(page.read_text(),
                         "<!-- study_model: begin a, b -->\n| rung | measured ms |\n| `01_x` | idea | 3 | 1.23 |\n"
                         "| `02_y` | idea | 4 | 7 |\n<!-- study_model: end a, b -->\n| `01_x` | 5 |  |\n")

    def test_every_study_table_is_timed_under_its_name(self):
        source = (ROOT / "bench/kernels/study_problems.cpp").read_text()
        for page in (ROOT / "docs/study").glob("*.md"):
            for line in page.read_text().splitlines():
                if line.startswith("<!-- study_model: begin "):
                    name = line.removeprefix("<!-- study_model: begin ").removesuffix(" -->")
                    self.assertIn(f'("{name}"', source)

    def test_links_of_a_bundle_stay_within_it(self):
        real = self.folder / "usr/lib/x86_64-linux-gnu/libz.so.1"
        real.parent.mkdir(parents=True)
        real.write_text("library")
        link = real.with_name("libz.so")
        link.symlink_to("/lib/x86_64-linux-gnu/libz.so.1")
        with tarfile.open(self.folder / "bundle.tar", "w") as tar:
            info = tar.gettarinfo(str(link))
        self.assertEqual(bundle.relative_target(info.linkname, "/usr/lib/x86_64-linux-gnu/libz.so"), "libz.so.1")
        self.assertIsNone(bundle.relative_target("/etc/alternatives/libblas.so", "/usr/lib/x86_64-linux-gnu/libblas.so"))
        self.assertEqual(bundle.relative_target("libz.so.1.2", "/usr/lib/x86_64-linux-gnu/libz.so.1"), "libz.so.1.2")

    def test_refuses_dependencies_that_are_not_there(self):
        with self.assertRaisesRegex(machine.Unusable, "no such file"):
            bundle.unpack(self.folder / "none.tar.xz", self.folder)

    def test_random_weights_are_a_vgg(self):
        path = self.folder / "vgg.safetensors"
        widths, weights.WIDTHS = weights.WIDTHS, ((4, 2), (8, 1))
        try:
            weights.write_random(path)
        finally:
            weights.WIDTHS = widths
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + length])
        self.assertEqual(header["conv2_1.weight"]["shape"], [8, 4, 3, 3])
        self.assertEqual(header["conv2_1.bias"]["data_offsets"][1], len(data) - 8 - length)


if __name__ == "__main__":
    unittest.main()
