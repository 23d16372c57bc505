// Package packages shows what the Linux packages do on a machine: a clean Debian root in namespaces of its own, with
// a systemd of its own as first process, so that unit, user, capabilities, sandbox and scripts are the real
// ones.
//
//	make test-packages ─▶ deb and rpm, twice ─▶ machine: systemd ─▶ otelcol-cloudwatch.service ─▶ awslocal
//
// What needs no machine (the unit as such, the page docs/deploying/linux.md) runs in `make test`, too.
package packages
