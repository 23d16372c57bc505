// Package cluster runs the chart in a real Kubernetes cluster on one machine: etcd, the control plane and a kubelet with
// containerd, in namespaces of their own, so that the machine is as it was when the test ends. Nothing is pulled: the
// components are built from Kubernetes' sources, of which this module is one more reason to be a module of its own, and
// the images are made from scratch.
package cluster
