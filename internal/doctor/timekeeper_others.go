//go:build !windows

package doctor

// timekeeper names what keeps the clock.
const timekeeper = "chrony or systemd-timesyncd (chronyc makestep, or timedatectl set-ntp true)"
