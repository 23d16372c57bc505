//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

const readSize = 256 << 10

// floor is what the engine's steps cost with nothing around them: one goroutine and one connection.
func floor(ctx context.Context, j job) (figures, error) {
	sender, err := cwlogs.NewSender(ctx, aws.Config{
		Region: "us-east-1", BaseEndpoint: &j.URL, HTTPClient: &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}},
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	}, cwlogs.SenderOptions{Uncompressed: j.Plain})
	if err != nil {
		return figures{}, err
	}
	f, err := os.Open(j.File)
	if err != nil {
		return figures{}, err
	}
	defer func() { _ = f.Close() }() // it was read
	return measure(j, func() error {
		b := bare{ctx: ctx, sender: sender}
		return b.copy(f)
	})
}

// bare collects events until a request is full.
type bare struct {
	ctx    context.Context
	sender *cwlogs.Sender
	events []cwlogs.Event
	fixed  []cwlogs.Fixed
	size   int
}

func (b *bare) copy(from io.Reader) error {
	buffer := make([]byte, cwlogs.MaxBatchBytes+2*readSize) // the text of a request, and a piece
	line, end := 0, 0
	for {
		n, err := from.Read(buffer[end : end+readSize])
		end += n
		for {
			i := bytes.IndexByte(buffer[line:end], '\n')
			if i < 0 {
				break
			}
			if b.size+i+cwlogs.EventOverhead > cwlogs.MaxBatchBytes {
				if err := b.send(); err != nil {
					return err
				}
				line, end = 0, copy(buffer, buffer[line:end])
				continue
			}
			b.size += i + cwlogs.EventOverhead
			b.events = append(b.events, cwlogs.Event{Timestamp: time.Now().UnixMilli(), Message: buffer[line : line+i]})
			line += i + 1
		}
		if errors.Is(err, io.EOF) {
			return b.send()
		}
		if err != nil {
			return err
		}
	}
}

func (b *bare) send() (err error) {
	b.fixed = cwlogs.Policy{}.Fix(b.fixed[:0], b.events, time.Now(), func(cwlogs.Reason, *cwlogs.Event) {})
	cwlogs.Batches(b.fixed, func(events []cwlogs.Fixed) {
		payload, e := b.sender.Pack(cwlogs.Target{Group: "/bench", Stream: "bench"}, nil, events)
		if e == nil {
			_, e = b.sender.Put(b.ctx, payload)
			payload.Release()
		}
		err = errors.Join(err, e)
	})
	b.events, b.size = b.events[:0], 0
	return err
}
