package hostfacts

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"
)

// answers are what the metadata services said, and why not where they did not.
type answers struct {
	task                *Task
	instance            *Instance
	noTask, noInstance  string
	at                  time.Time
	everAsked, complete bool
	// pause is how long the services are left alone after at.
	pause time.Duration
}

// metadata asks both services at once, unless they have been asked. The error is that of ctx; nothing is
// remembered then, as the caller's impatience says nothing about the host.
func (f *Finder) metadata(ctx context.Context) (answers, error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return answers{}, ctx.Err()
	}
	defer func() { <-f.turn }()
	if f.last.everAsked && (f.last.complete || f.now().Sub(f.last.at) < f.last.pause) {
		return f.last, nil
	}
	a := f.last
	limited, cancel := context.WithTimeout(ctx, f.limit)
	defer cancel()
	var wg sync.WaitGroup
	if a.task == nil {
		wg.Go(func() { a.task, a.noTask = f.askTask(limited) })
	}
	if a.instance == nil {
		wg.Go(func() { a.instance, a.noInstance = f.askInstance(limited) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return answers{}, err
	}
	a.everAsked, a.complete, a.at = true, a.task != nil && a.instance != nil, f.now()
	a.pause = min(max(2*a.pause, firstRetry), lastRetry)
	f.last = a
	return a, nil
}

// switchedOff is why nothing is asked with a limit of 0.
const switchedOff = "not asked: " + TimeoutVariable + " is 0"

func (f *Finder) askTask(ctx context.Context) (*Task, string) {
	base := os.Getenv(TaskVariable)
	switch {
	case base == "":
		return nil, "not asked: " + TaskVariable + " is not set"
	case f.limit == 0:
		return nil, switchedOff
	}
	task, err := AskTask(ctx, base)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, f.late()
	case err != nil:
		return nil, err.Error()
	}
	return &task, ""
}

func (f *Finder) askInstance(ctx context.Context) (*Instance, string) {
	elsewhere := os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT") == ""
	host := ReadMachine(f.root)
	switch {
	case f.limit == 0:
		return nil, switchedOff
	case elsewhere && os.Getenv("AWS_EXECUTION_ENV") == "AWS_ECS_FARGATE":
		return nil, "not asked: there is none on Fargate"
	case elsewhere && host.elsewhere() && f.hybrid():
		return nil, "not asked: this host has a hybrid activation, and its firmware is not EC2's (" + host.String() + ")"
	}
	document, why := AskInstance(ctx, host)
	if document == nil && ctx.Err() != nil {
		why = f.late()
	}
	return document, why
}

func (f *Finder) late() string {
	return "no answer within " + f.limit.String() + ", which " + TimeoutVariable + " sets"
}

// hybrid says whether the SSM Agent was registered by a hybrid activation.
func (f *Finder) hybrid() bool {
	r, err := ReadRegistration(f.root)
	return err == nil && strings.HasPrefix(r.ManagedInstanceID, "mi-")
}
