# SPDX-License-Identifier: Apache-2.0
"""What an operator can tell the service, and what it says when that is wrong."""
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from service import LOOPBACK, PATIENCE, Service, build_dir, merged, toml


def run(*arguments):
    return subprocess.run([build_dir() / "sluiced", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE, check=False)


class Configuration(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "sluice.toml"

    def check(self, text):
        self.file.write_text(text)
        return run("--config", self.file, "--check-config")

    def test_the_version_is_told(self):
        outcome = run("--version")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertRegex(outcome.stdout, r"\d+\.\d+\.\d+")

    def test_help_names_every_option(self):
        outcome = run("--help")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        for option in ("--config", "--listen", "--operator-listen", "--data-dir", "--log-level", "--check-config",
                       "--version"):
            self.assertIn(option, outcome.stdout)

    def test_an_unknown_option_is_refused(self):
        self.assertNotEqual(run("--no-such-option").returncode, 0)

    def test_an_empty_configuration_is_valid(self):
        outcome = self.check("")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)

    def test_the_documented_configuration_is_valid(self):
        example = pathlib.Path(__file__).resolve().parents[2] / "sluice.toml"
        outcome = run("--config", example, "--check-config")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)

    def test_a_fault_is_named_with_file_line_and_key(self):
        cases = {
            "unknown key": ("\n[imports]\nmax_runing = 8\n", 3, "imports.max_runing"),
            "unknown table": ("[importz]\nmax_running = 8\n", 1, "importz"),
            "wrong type": ("[imports]\nmax_running = \"eight\"\n", 2, "imports.max_running"),
            "impossible number": ("[imports]\nmax_running = -1\n", 2, "imports.max_running"),
            "size without meaning": ("[imports]\n\nmax_image_size = \"1 elephant\"\n", 3, "imports.max_image_size"),
            "unknown choice": ("[auth]\nmode = \"maybe\"\n", 2, "auth.mode"),
            "bad network": ("[sources]\nallow_networks = [\"10.0.0.0/64\"]\n", 2, "sources.allow_networks"),
        }
        for what, (text, line, key) in cases.items():
            with self.subTest(what):
                outcome = self.check(text)
                self.assertNotEqual(outcome.returncode, 0)
                self.assertRegex(outcome.stderr, re.escape(f"{self.file}:{line}:"))
                self.assertIn(key, outcome.stderr)

    def test_broken_toml_is_refused_with_its_line(self):
        outcome = self.check("[imports]\nmax_running = = 8\n")
        self.assertNotEqual(outcome.returncode, 0)
        self.assertIn(f"{self.file}:2", outcome.stderr)

    def test_a_missing_file_is_refused(self):
        outcome = run("--config", self.folder / "absent.toml", "--check-config")
        self.assertNotEqual(outcome.returncode, 0)
        self.assertIn("absent.toml", outcome.stderr)

    def test_a_broken_configuration_never_serves(self):
        self.file.write_text(toml(merged(LOOPBACK, {"imports": {"no_such_key": 1}})))
        outcome = run("--config", self.file, "--data-dir", self.folder / "data")
        self.assertNotEqual(outcome.returncode, 0)
        self.assertNotIn("ready", outcome.stdout)
        self.assertFalse((self.folder / "data" / "images").exists())

    def test_without_authentication_only_loopback_is_listened_on(self):
        outcome = self.check('[http]\nlisten = "0.0.0.0:9292"\n')
        self.assertNotEqual(outcome.returncode, 0, "mode none on every interface was accepted")

    def test_the_command_line_overrides_the_file(self):
        with tempfile.TemporaryDirectory() as other:
            service = Service()
            service.start("--data-dir", f"{other}/elsewhere", "--listen", "127.0.0.1:0")
            try:
                self.assertTrue(pathlib.Path(other, "elsewhere", "images").is_dir())
                self.assertFalse((service.data_dir / "images").exists())
                self.assertEqual(service.stop(), 0)
            finally:
                service.kill()

    def test_a_second_service_on_the_same_data_is_refused(self):
        with Service() as service:
            outcome = run("--config", service.config_file)
            self.assertNotEqual(outcome.returncode, 0)
            self.assertNotIn("ready", outcome.stdout)
            self.assertEqual(service.get("/v2/images").status, 200)

    def test_a_taken_port_is_named(self):
        with Service() as service:
            outcome = run("--config", service.config_file, "--data-dir", self.folder / "other",
                          "--listen", f"127.0.0.1:{service.port}")
            self.assertNotEqual(outcome.returncode, 0)
            self.assertIn(str(service.port), outcome.stderr)

    def test_sighup_reads_the_configuration_again_and_keeps_serving(self):
        with Service() as service:
            for change in ({"imports": {"max_running": 3}}, {"imports": {"no_such_key": True}}):
                service.config = merged(service.config, change)
                service.write_config()
                before = len(service.log())
                service.process.send_signal(signal.SIGHUP)
                deadline = time.monotonic() + PATIENCE
                while len(service.log()) == before and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertGreater(len(service.log()), before, "nothing was logged about SIGHUP")
                self.assertEqual(service.get("/v2/images").status, 200)
            self.assertIn("no_such_key", service.log())


if __name__ == "__main__":
    unittest.main()
