"""sonde net: flags that are wrong or contradict each other, told before anything is traced."""

import unittest

from sonde_cli import SondeTest


class Flags(SondeTest):
    def test_ports(self):
        """A port is a number from 1 to 65535; there is room for 16."""
        self.refused(2, "--port is 70000, but must be from 1 to 65535", "net", "--port", "70000")
        self.refused(2, "--port is 0, but must be from 1 to 65535", "net", "--port", "80,0")
        self.refused(2, "--local-port: 'http' is not a whole number from 1 to 65535", "net", "--local-port", "http")
        self.refused(2, "--port: an empty name in '80,'", "net", "--port", "80,")
        many = ",".join(str(port) for port in range(1, 18))
        self.refused(
            2, "more than 16 ports. Trace several and look at what is wanted afterwards", "net", "--port", many
        )

    def test_networks(self):
        """An address, or one with so many bits that count."""
        hint = "Such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32"
        for text, why in (
            ("10.0.0.0/33", "the part after '/' must be from 0 to 32"),
            ("::/129", "the part after '/' must be from 0 to 128"),
            ("example.org", "the part before a '/' must be an IPv4 or IPv6 address"),
            ("10.0.0.1/8", "bits after the prefix are set"),
        ):
            with self.subTest(text):
                self.refused(2, f"'{text}' is no address or network: {why}. {hint}", "net", "--remote", text)

    def test_names(self):
        """Protocols, families and groupings are among those that exist; near ones are suggested."""
        self.refused(
            2, "unknown protocol 'tpc' (did you mean 'tcp'?). The protocols are tcp, udp and unix",
            "net", "--protocol", "tpc",
        )
        self.refused(
            2, "unknown family 'ipv5' (did you mean 'ipv4'?). The families are ipv4, ipv6, unix, 4 and 6",
            "net", "--family", "ipv5",
        )
        self.refused(
            2, "--by: unknown grouping 'proces' (did you mean 'process'?). "
            "The groupings are connection, process, remote, port and cgroup",
            "net", "--by", "proces",
        )
        self.refused(
            2,
            "no network namespace 'nowhere' (/run/netns/nowhere: No such file or directory). "
            "Give a name of 'ip netns', a process id or a path",
            "net", "--netns", "nowhere",
        )

    def test_combinations(self):
        """Events are neither sums nor come at intervals; sends and receives are events."""
        self.refused(2, "--packets needs --events", "net", "--packets")
        self.refused(
            2, "--events cannot be combined with --by: it shows each event, and no sums",
            "net", "--events", "--by", "process",
        )
        self.refused(
            2, "--events cannot be combined with --histogram: it shows each event, and no sums",
            "net", "--events", "--histogram",
        )
        self.refused(
            2, "--interval cannot be combined with live events, which net shows. Leave it out, or what shows them (--trace, --events)",
            "net", "--events", "-i", "1",
        )


if __name__ == "__main__":
    unittest.main()
