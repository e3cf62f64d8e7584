package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	argoerrs "github.com/argoproj/argo-workflows/v4/errors"
	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/workflow/artifacts"
	artifactscommon "github.com/argoproj/argo-workflows/v4/workflow/artifacts/common"
	"github.com/argoproj/argo-workflows/v4/workflow/artifacts/resource"
)

// retryGrace is how long past its deadline a driver may take to end in its own
// words: the longest pause between two tries of Argo's executor retry.
const retryGrace = 10 * time.Second

// argoCodes are Argo's own error codes.
var argoCodes = []string{
	argoerrs.CodeNotFound, argoerrs.CodeForbidden, argoerrs.CodeUnauthorized, argoerrs.CodeBadRequest,
	argoerrs.CodeNotImplemented, argoerrs.CodeTimeout, argoerrs.CodeInternal,
}

type storeAnswer struct {
	OK      bool           `json:"ok"`
	Found   *place         `json:"found"`
	Prefix  string         `json:"prefix"`
	Results []actionResult `json:"results"`
	Error   string         `json:"error,omitempty"`
}

func (a storeAnswer) yes() bool { return a.OK }

// actionResult is what Argo's driver said to one call.
type actionResult struct {
	Action string `json:"action"`
	Key    string `json:"key"`
	OK     bool   `json:"ok"`
	// Code is Argo's own error code; empty for errors that carry none.
	Code  string `json:"code,omitempty"`
	Error string `json:"error,omitempty"`
	// NotFound is what lets Argo skip an optional input.
	NotFound bool           `json:"notFound"`
	Seconds  float64        `json:"seconds"`
	Details  map[string]any `json:"details,omitempty"`
}

func runStore(ctx context.Context, args []string) (answer, error) {
	var o options
	flags := flagSet("store")
	o.clusterFlags(flags)
	o.repositoryFlags(flags)
	flags.StringVar(&o.as, "as", "", "read Secrets as this user, as system:serviceaccount:NAMESPACE:NAME")
	flags.StringVar(&o.objectKey, "object-key", "", "prefix of the objects; without it the repository's key format decides")
	flags.StringVar(&o.actions, "actions", "", "comma-separated, in this order: "+strings.Join(actionNames(), ", "))
	flags.DurationVar(&o.timeout, "timeout", defaultTimeout, "the longest that one action may take")
	if err := parse(flags, args); err != nil {
		return nil, err
	}
	if err := o.required(); err != nil {
		return nil, err
	}
	chosen, err := chosenActions(o.actions)
	if err != nil {
		return nil, err
	}
	_, kube, err := connect(o.kubeconfig, "")
	if err != nil {
		return nil, err
	}
	_, reader, err := connect(o.kubeconfig, o.as)
	if err != nil {
		return nil, err
	}
	ctx, _ = withLogger(ctx, o.verbose)
	resolved, err := o.resolve(ctx, kube)
	if err != nil {
		return nil, err
	}
	result := storeAnswer{Found: resolved.Found, Results: []actionResult{}, Error: resolved.Error}
	if !resolved.OK {
		return result, nil
	}
	location, err := sampleLocation(ctx, resolved.Repository, o.namespace)
	if err != nil {
		result.Error = oneLine(err.Error())
		return result, nil
	}
	if result.Prefix = o.objectKey; result.Prefix == "" {
		if result.Prefix, err = location.GetKey(); err != nil {
			return nil, err
		}
	}
	result.OK = true
	for _, name := range chosen {
		done := perform(ctx, name, actions[name], location, result.Prefix, apiSecrets{reader, o.namespace}, o.timeout)
		result.Results = append(result.Results, done)
		result.OK = result.OK && done.OK
	}
	return result, nil
}

func chosenActions(text string) ([]string, error) {
	chosen := strings.Split(text, ",")
	for _, name := range chosen {
		if !slices.Contains(actionNames(), name) {
			return nil, usagef("--actions: %q is not one of %s", name, strings.Join(actionNames(), ", "))
		}
	}
	return chosen, nil
}

// perform makes one call of the driver and waits for it until the deadline.
func perform(ctx context.Context, name string, chosen action, location *wfv1.ArtifactLocation, prefix string, secrets resource.Interface, timeout time.Duration) actionResult {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result := actionResult{Action: name, Key: path.Join(prefix, chosen.object)}
	if chosen.slash {
		result.Key += "/"
	}
	type outcome struct {
		details map[string]any
		err     error
	}
	started, done := time.Now(), make(chan outcome, 1)
	go func() {
		details, err := callDriver(ctx, chosen, location, result.Key, secrets)
		done <- outcome{details, err}
	}()
	var ended outcome
	select {
	case ended = <-done:
	case <-time.After(timeout + retryGrace):
		// The driver's stream ignores deadlines; the call ends with this program.
		ended.err = argoerrs.New(argoerrs.CodeTimeout, fmt.Sprintf("no answer within %s", timeout))
	}
	result.Seconds = time.Since(started).Round(time.Millisecond).Seconds()
	result.Details = ended.details
	result.fail(ended.err)
	result.OK = ended.err == nil
	if chosen.missing {
		result.OK = result.NotFound
	}
	return result
}

// fail notes the error in Argo's own terms.
func (r *actionResult) fail(err error) {
	if err == nil {
		return
	}
	r.Error = oneLine(err.Error())
	r.NotFound = argoerrs.IsCode(argoerrs.CodeNotFound, err)
	for _, code := range argoCodes {
		if argoerrs.IsCode(code, err) {
			r.Code = code
		}
	}
}

// callDriver makes a driver as Argo does for each artifact, and calls it.
// Argo does not recover where its driver code panics on an incomplete entry;
// the probe does, to be able to say so.
func callDriver(ctx context.Context, chosen action, location *wfv1.ArtifactLocation, key string, secrets resource.Interface) (details map[string]any, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("argo panics: %v", reason)
		}
	}()
	artifact, err := at(location, key)
	if err != nil {
		return nil, err
	}
	driver, err := artifacts.NewDriver(ctx, artifact, secrets)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "argo-probe-")
	if err != nil {
		return nil, err
	}
	defer func() {
		// Argo reads the code of an error without unwrapping, so the driver's stays as it is.
		if fault := os.RemoveAll(folder); err == nil {
			err = fault
		}
	}()
	return chosen.call(ctx, call{driver, artifact, path.Join(folder, "artifact")})
}

// call is what an action needs to act.
type call struct {
	driver   artifactscommon.ArtifactDriver
	artifact *wfv1.Artifact
	// path is where the local file or directory stands or comes to stand.
	path string
}
