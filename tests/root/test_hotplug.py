"""A CPU that goes offline and comes back while sonde runs."""

import os
import time

from tracing import TracingTest, cpu_seconds, main, program, wait_until

ONLINE = "/sys/devices/system/cpu/cpu1/online"


def set_online(value):
    with open(ONLINE, "w", encoding="ascii") as file:
        file.write(value)


class Hotplug(TracingTest):
    def setUp(self):
        super().setUp()
        if not os.access(ONLINE, os.W_OK):
            self.skipTest(f"{ONLINE} cannot be written")
        try:
            set_online("1")
        except OSError as error:
            self.skipTest(f"{ONLINE}: {error}")

    def test_during_session(self):
        """Sampling goes on on the CPUs that are there, and again on the one that came back."""
        try:
            set_online("0")
        except OSError as error:
            self.skipTest(f"{ONLINE}: {error}")
        finally:
            set_online("1")
        self.spawn("taskset", "-c", "0", program("spin"))
        sonde = self.start_session("cpu", "-d", "10m", "-F", "199")
        try:
            set_online("0")
            time.sleep(1.5)  # sonde looks once a second which CPUs there are
        finally:
            set_online("1")
        late = self.spawn("taskset", "-c", "1", program("spin"))
        wait_until(lambda: cpu_seconds(late.pid) > 2)
        sonde.terminate()
        self.assertEqual(sonde.wait(timeout=60), 0)
        with open(sonde.file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        self.assertGreater(report.by("pid").get(late.pid, 0), 50)

    def test_offline_at_start(self):
        """A CPU that is offline when sonde starts is no error."""
        try:
            set_online("0")
        except OSError as error:
            self.skipTest(f"{ONLINE}: {error}")
        try:
            spin = self.spawn(program("spin"))
            report = self.trace("-d", "1", "-F", "199")
        finally:
            set_online("1")
        self.assertGreater(report.by("pid")[spin.pid], 10)


if __name__ == "__main__":
    main()
