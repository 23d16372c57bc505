// Command pod is the one program of the cluster's pods but the collector: the sandbox's, which waits, and a writer of logs.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/tests/kubernetes/cluster/writer"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, writer.Serve(os.Args[1]))
		os.Exit(1)
	}
	// A sandbox holds the namespaces of its pod until it is told to end.
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	<-end
}
