package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/argoproj/argo-workflows/v4/util/logging"
)

// maxKeptErrors bounds the error lines that a document repeats.
const maxKeptErrors = 20

// errorLog keeps the distinct lines that Argo's code logs as errors.
type errorLog struct {
	mutex sync.Mutex
	lines []string
}

var _ logging.Hook = (*errorLog)(nil)

// Levels names the lines that are kept.
func (l *errorLog) Levels() []logging.Level { return []logging.Level{logging.Error} }

// Fire keeps one line.
func (l *errorLog) Fire(_ context.Context, _ logging.Level, message string, fields logging.Fields) {
	if cause, ok := fields[logging.ErrorField]; ok {
		message = fmt.Sprintf("%s: %v", message, cause)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if message = oneLine(message); len(l.lines) < maxKeptErrors && !slices.Contains(l.lines, message) {
		l.lines = append(l.lines, message)
	}
}

// all returns the lines kept so far.
func (l *errorLog) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Clone(l.lines)
}

// withLogger gives Argo's code the logger that it insists on: silent, unless verbose.
func withLogger(ctx context.Context, verbose bool) (context.Context, *errorLog) {
	var out io.Writer = io.Discard
	if verbose {
		out = os.Stderr
	}
	kept := &errorLog{}
	logger := logging.NewSlogLoggerCustom(logging.Info, logging.Text, out, kept)
	return logging.WithLogger(ctx, logger), kept
}
