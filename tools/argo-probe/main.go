// Argo-probe asks the code of Argo Workflows itself what it makes of the
// objects that this project writes: which artifact repository a workflow gets,
// whether the controller takes its configuration, what the artifact drivers may
// do in the store, and which pods the controller makes to collect garbage.
//
// Every call prints one JSON document; docs/argo-probe.md describes the fields.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"

	"k8s.io/klog/v2"
)

// Exit codes: the answer is yes, the answer is no, the question was wrong.
const (
	exitYes   = 0
	exitNo    = 1
	exitUsage = 2
)

// answer is what a subcommand found out: a JSON document that says yes or no.
type answer interface{ yes() bool }

// subcommand answers one kind of question.
type subcommand struct {
	summary string
	run     func(ctx context.Context, args []string) (answer, error)
}

// usageError is a mistake in the call itself: exit code 2, nothing on stdout.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...)}
}

// failure is the document of a question that could not be answered.
type failure struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

func (failure) yes() bool { return false }

var subcommands = map[string]subcommand{
	"version":           {"the version of Argo's module in this program", runVersion},
	"resolve":           {"the repository that a workflow of a namespace gets", runResolve},
	"controller-config": {"whether the controller takes a configuration", runControllerConfig},
	"store":             {"what Argo's artifact drivers may do with a namespace's Secrets", runStore},
	"gc-pod":            {"the pods that the controller makes to run and to clean up a workflow", runGCPod},
}

func main() {
	// Libraries that print must not spoil the one document on stdout.
	stdout := os.Stdout
	os.Stdout = os.Stderr
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run answers one call and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return complain(stderr, usagef("no subcommand, one of %s is required", names()))
	}
	chosen, found := subcommands[args[0]]
	switch {
	case args[0] == "help" || args[0] == "--help" || args[0] == "-h":
		help(stdout)
		return exitYes
	case !found:
		return complain(stderr, usagef("%q is not one of %s", args[0], names()))
	}
	result, err := chosen.run(ctx, args[1:])
	if wrong := (usageError{}); errors.As(err, &wrong) {
		return complain(stderr, fmt.Errorf("%s: %w", args[0], err))
	}
	if err != nil {
		result = failure{Error: oneLine(err.Error())}
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return complain(stderr, err)
	}
	if result.yes() {
		return exitYes
	}
	return exitNo
}

func complain(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "argo-probe: %s\n", oneLine(err.Error()))
	return exitUsage
}

func help(out io.Writer) {
	_, _ = fmt.Fprintln(out, "argo-probe SUBCOMMAND [flags]; SUBCOMMAND -h lists the flags")
	for _, name := range sortedNames() {
		_, _ = fmt.Fprintf(out, "  %-18s %s\n", name, subcommands[name].summary)
	}
}

func names() string { return strings.Join(sortedNames(), ", ") }

func sortedNames() []string {
	all := make([]string, 0, len(subcommands))
	for name := range subcommands {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// oneLine keeps a message that spans lines readable on one.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
