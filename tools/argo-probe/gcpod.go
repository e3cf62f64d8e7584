package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	wfclientset "github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// clearTimeout bounds the clean-up, which also runs after an interrupt.
const clearTimeout = 30 * time.Second

// What the garbage-collection pod is to do.
const (
	podRuns   = "run"
	podFails  = "fail"
	podLeaves = "leave"
)

type gcAnswer struct {
	OK       bool   `json:"ok"`
	Strategy string `json:"strategy"`
	// Found is where the controller found the repository of the Workflow.
	Found *place `json:"found"`
	// ExecutorPod is the pod of the Workflow's one step.
	ExecutorPod *podView `json:"executorPod"`
	// Artifact is the key under which the step's output was saved.
	Artifact string `json:"artifact"`
	// GCPod is the pod that collects the garbage.
	GCPod *podView `json:"gcPod"`
	// Results is what the garbage-collection pod reported.
	Results []artifactResult `json:"results"`
	// ForceFinalizerRemoval is what the Workflow carries after workflowDefaults.
	ForceFinalizerRemoval bool `json:"forceFinalizerRemoval"`
	// Deleted says whether the Workflow is gone; null when nobody waited for it.
	Deleted    *bool    `json:"deleted"`
	Finalizers []string `json:"finalizers"`
	// Conditions is what the Workflow says about its garbage collection.
	Conditions       []string `json:"conditions"`
	ControllerErrors []string `json:"controllerErrors"`
	// LeftBehind are objects in the store that the probe saved and could not remove.
	LeftBehind []string `json:"leftBehind"`
	Error      string   `json:"error,omitempty"`
}

func (a *gcAnswer) yes() bool { return a.OK }

// gcOptions are the flags of gc-pod beyond the common ones.
type gcOptions struct {
	options
	strategy       string
	pod            string
	serviceAccount string
	waitDeleted    time.Duration
}

func runGCPod(ctx context.Context, args []string) (answer, error) {
	var o gcOptions
	if err := o.read(args); err != nil {
		return nil, err
	}
	if err := hasten(); err != nil {
		return nil, err
	}
	config, kube, err := connect(o.kubeconfig, "")
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	workflows, err := wfclientset.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ctx, log := withLogger(ctx, o.verbose)
	settings, err := o.controllerConfig(ctx, kube)
	if err != nil {
		return nil, err
	}
	t := o.newTrial(kube, client, workflows)
	t.log = log
	bounded, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	err = t.scene.set(bounded, t.name)
	if err == nil {
		running, stop := context.WithCancel(bounded)
		t.fatal = runController(running, config, kube, &o.options, t.scene.configMap, log)
		err = t.live(bounded, settings.InstanceID)
		stop()
	}
	switch {
	case err != nil && ctx.Err() != nil:
		err = fmt.Errorf("interrupted: %w", err)
	case err != nil && bounded.Err() != nil:
		err = fmt.Errorf("no end within %s: %w", o.timeout, err)
	}
	t.answer.ControllerErrors = append([]string{}, log.all()...)
	clearing, done := context.WithTimeout(context.WithoutCancel(ctx), clearTimeout)
	defer done()
	if err = errors.Join(err, t.clear(clearing)); err != nil {
		t.answer.Error = oneLine(err.Error())
	}
	t.answer.OK = t.answer.Error == "" && t.answer.GCPod != nil && (t.answer.Deleted == nil || *t.answer.Deleted)
	return t.answer, nil
}

func (o *gcOptions) read(args []string) error {
	flags := flagSet("gc-pod")
	o.clusterFlags(flags)
	o.repositoryFlags(flags)
	flags.StringVar(&o.strategy, "strategy", string(wfv1.ArtifactGCOnWorkflowDeletion), "spec.artifactGC.strategy: OnWorkflowDeletion or OnWorkflowCompletion")
	flags.StringVar(&o.serviceAccount, "service-account", "", "spec.serviceAccountName; without it workflowDefaults decide")
	flags.StringVar(&o.pod, "pod", podRuns, "what the garbage-collection pod does: run, fail, or leave (nothing)")
	flags.DurationVar(&o.waitDeleted, "wait-deleted", 15*time.Second, "how long the deleted Workflow may take to go")
	flags.DurationVar(&o.timeout, "timeout", 2*defaultTimeout, "the longest that the whole trial may take")
	if err := parse(flags, args); err != nil {
		return err
	}
	strategies := []string{string(wfv1.ArtifactGCOnWorkflowDeletion), string(wfv1.ArtifactGCOnWorkflowCompletion)}
	if !slices.Contains(strategies, o.strategy) {
		return usagef("--strategy: %q is not one of %s", o.strategy, strings.Join(strategies, ", "))
	}
	if parts := []string{podRuns, podFails, podLeaves}; !slices.Contains(parts, o.pod) {
		return usagef("--pod: %q is not one of %s", o.pod, strings.Join(parts, ", "))
	}
	return o.required()
}

func (o *gcOptions) newTrial(kube kubernetes.Interface, client dynamic.Interface, workflows wfclientset.Interface) *trial {
	return &trial{
		o:     o,
		name:  "argo-probe-" + rand.String(8),
		scene: &scene{o: &o.options, kube: kube, dynamic: client, workflows: workflows},
		stage: stage{kube: kube, kubeFile: o.kubeconfig, namespace: o.namespace, timeout: o.timeout},
		answer: &gcAnswer{
			Strategy: o.strategy, Results: []artifactResult{}, Finalizers: []string{},
			Conditions: []string{}, LeftBehind: []string{}, ControllerErrors: []string{},
		},
	}
}
