// Package container runs the image in podman, as a host would, against a CloudWatch on this machine.
package container
