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
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	corev1 "k8s.io/api/core/v1"
	apierr "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

const (
	pollEvery = 200 * time.Millisecond
	// clearTimeout bounds the clean-up, which also runs after an interrupt.
	clearTimeout = 30 * time.Second
	// startTimeout is how long a simulated node may take to report a pod as running.
	startTimeout = 2 * time.Second
)

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

// collectorFailed starts the controller's line about a garbage-collection pod
// that it could not make. It never tries again: the strategy counts as processed.
const collectorFailed = "failed to GC artifacts"

var errNoCollector = errors.New("no garbage-collection pod")

// gcOptions are the flags of gc-pod beyond the common ones.
type gcOptions struct {
	options
	strategy       string
	pod            string
	serviceAccount string
	waitDeleted    time.Duration
}

// trial is one Workflow's life under the probe's controller.
type trial struct {
	o      *gcOptions
	scene  *scene
	stage  stage
	name   string
	fatal  <-chan error
	log    *errorLog
	wf     *wfv1.Workflow
	saved  *wfv1.Artifact
	step   *corev1.Pod
	answer *gcAnswer
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

// live leads the Workflow from its creation to its deletion.
func (t *trial) live(ctx context.Context, instanceID string) error {
	workflows := t.scene.workflows.ArgoprojV1alpha1().Workflows(t.o.namespace)
	if _, err := workflows.Create(ctx, t.workflow(instanceID), metav1.CreateOptions{}); err != nil {
		return err
	}
	var err error
	if t.step, err = t.waitPod(ctx, false); err != nil {
		return fmt.Errorf("wait for the step's pod: %w", err)
	}
	t.answer.ExecutorPod = viewPod(t.step)
	if t.saved, err = t.stage.saveOutput(ctx, t.step, t.wf); err != nil {
		return fmt.Errorf("pod %s: %w", t.step.Name, err)
	}
	if t.answer.Artifact, err = t.saved.GetKey(); err != nil {
		return err
	}
	if err := t.waitCompleted(ctx); err != nil {
		return fmt.Errorf("wait for the Workflow to complete: %w", err)
	}
	if t.o.strategy == string(wfv1.ArtifactGCOnWorkflowDeletion) {
		if err := t.delete(ctx); err != nil {
			return err
		}
	}
	collector, err := t.waitPod(ctx, true)
	switch {
	case errors.Is(err, errNoCollector):
		t.answer.Error = oneLine(err.Error())
	case err != nil:
		return fmt.Errorf("wait for the garbage-collection pod: %w", err)
	default:
		t.answer.GCPod = viewPod(collector)
		if t.o.pod == podLeaves {
			return nil
		}
		if err := t.playCollector(ctx, collector); err != nil {
			return err
		}
	}
	if err := t.delete(ctx); err != nil {
		return err
	}
	return t.waitDeleted(ctx)
}

// delete asks for the Workflow's deletion; asking twice is no fault.
func (t *trial) delete(ctx context.Context) error {
	workflows := t.scene.workflows.ArgoprojV1alpha1().Workflows(t.o.namespace)
	return unlessGone(workflows.Delete(ctx, t.name, metav1.DeleteOptions{}))
}

// workflow is one step with one output, and nothing that workflowDefaults could decide.
func (t *trial) workflow(instanceID string) *wfv1.Workflow {
	wf := &wfv1.Workflow{
		ObjectMeta: metav1.ObjectMeta{Name: t.name, Namespace: t.o.namespace, Labels: map[string]string{}},
		Spec: wfv1.WorkflowSpec{
			Entrypoint:            "main",
			ServiceAccountName:    t.o.serviceAccount,
			ArtifactRepositoryRef: t.o.ref(),
			ArtifactGC:            &wfv1.WorkflowLevelArtifactGC{ArtifactGC: wfv1.ArtifactGC{Strategy: wfv1.ArtifactGCStrategy(t.o.strategy)}},
			Templates: []wfv1.Template{{
				Name: "main",
				// An explicit command keeps the controller from asking an image registry.
				Container: &corev1.Container{Image: "argo-probe", Command: []string{"true"}},
				Outputs:   wfv1.Outputs{Artifacts: wfv1.Artifacts{{Name: "output", Path: "/output"}}},
			}},
		},
	}
	if instanceID != "" {
		wf.Labels[common.LabelKeyControllerInstanceID] = instanceID
	}
	return wf
}

// playCollector lets the garbage-collection pod run or fail.
func (t *trial) playCollector(ctx context.Context, collector *corev1.Pod) error {
	phase := corev1.PodFailed
	if t.o.pod == podRuns {
		results, err := t.stage.collect(ctx, collector)
		t.answer.Results = append(t.answer.Results, results...)
		if err == nil {
			phase = corev1.PodSucceeded
		} else {
			t.answer.Error = oneLine(fmt.Sprintf("pod %s: %s", collector.Name, err))
		}
	}
	return t.stage.end(ctx, collector, phase)
}

// poll repeats a look at the cluster until it is done, the time is up or the controller stops.
func (t *trial) poll(ctx context.Context, look func(ctx context.Context) (bool, error)) error {
	return wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-t.fatal:
			return false, err
		default:
		}
		if err := t.look(ctx); err != nil {
			return false, err
		}
		return look(ctx)
	})
}

// look reads the Workflow; once it is gone the last one seen stays.
func (t *trial) look(ctx context.Context) error {
	wf, err := t.scene.workflows.ArgoprojV1alpha1().Workflows(t.o.namespace).Get(ctx, t.name, metav1.GetOptions{})
	gone := apierr.IsNotFound(err)
	if err != nil && !gone {
		return err
	}
	if gone {
		t.answer.Deleted, t.answer.Finalizers = new(bool), []string{}
		*t.answer.Deleted = true
		return nil
	}
	t.wf = wf
	t.answer.Finalizers = append([]string{}, wf.Finalizers...)
	t.answer.ForceFinalizerRemoval = wf.Spec.ArtifactGC != nil && wf.Spec.ArtifactGC.ForceFinalizerRemoval
	if ref := wf.Status.ArtifactRepositoryRef; ref != nil {
		t.answer.Found = &place{ref.Namespace, ref.ConfigMap, ref.Key, ref.Default}
	}
	t.answer.Conditions = []string{}
	for _, condition := range wf.Status.Conditions {
		if condition.Type == wfv1.ConditionTypeArtifactGCError {
			t.answer.Conditions = append(t.answer.Conditions, condition.Message)
		}
	}
	return nil
}

// waitPod waits for the step's pod or the collector's, and until a simulated
// node has reported it as running, so that its report does not overwrite ours.
func (t *trial) waitPod(ctx context.Context, collector bool) (found *corev1.Pod, err error) {
	own := metav1.ListOptions{LabelSelector: common.LabelKeyWorkflow + "=" + t.name}
	err = t.poll(ctx, func(ctx context.Context) (bool, error) {
		pods, err := t.scene.kube.CoreV1().Pods(t.o.namespace).List(ctx, own)
		if err != nil {
			return false, err
		}
		for _, pod := range pods.Items {
			if strings.Contains(pod.Name, "-artgc-") == collector {
				found = &pod
			}
		}
		return found != nil && (found.Status.Phase != corev1.PodPending || time.Since(found.CreationTimestamp.Time) > startTimeout), t.stopped(collector)
	})
	return found, err
}

// stopped is why no pod will come any more, nil while one may.
func (t *trial) stopped(collector bool) error {
	switch {
	case t.answer.Deleted != nil:
		return errors.New("the Workflow is gone")
	case !collector && t.wf.Status.Phase.Completed():
		return fmt.Errorf("the Workflow ended as %s: %s", t.wf.Status.Phase, t.wf.Status.Message)
	case collector:
		for _, line := range t.log.all() {
			if strings.HasPrefix(line, collectorFailed) {
				return fmt.Errorf("%w: %s", errNoCollector, line)
			}
		}
	}
	return nil
}

func (t *trial) waitCompleted(ctx context.Context) error {
	return t.poll(ctx, func(context.Context) (bool, error) {
		if t.answer.Deleted != nil {
			return false, errors.New("the Workflow is gone")
		}
		phase := t.wf.Status.Phase
		if phase == wfv1.WorkflowFailed || phase == wfv1.WorkflowError {
			return false, fmt.Errorf("the Workflow ended as %s: %s", phase, t.wf.Status.Message)
		}
		return t.wf.Labels[common.LabelKeyCompleted] == "true", nil
	})
}

// waitDeleted waits for the deleted Workflow to go; that it stays is an answer, no error.
func (t *trial) waitDeleted(ctx context.Context) error {
	deadline := time.Now().Add(t.o.waitDeleted)
	err := t.poll(ctx, func(context.Context) (bool, error) {
		return t.answer.Deleted != nil || time.Now().After(deadline), nil
	})
	if err == nil && t.answer.Deleted == nil {
		t.answer.Deleted = new(bool)
	}
	return err
}

// clear removes the Workflow, its artifact and all that the probe made.
func (t *trial) clear(ctx context.Context) error {
	var faults []error
	if t.scene.configMap != "" {
		faults = append(faults, t.scene.clearWorkflow(ctx, t.name))
	}
	if t.saved != nil {
		left := perform(ctx, "delete-output", action{call: remove}, &t.saved.ArtifactLocation, t.answer.Artifact, mountedSecrets{t.stage.kube, t.step}, clearTimeout/2)
		if !left.OK {
			t.answer.LeftBehind = append(t.answer.LeftBehind, left.Key)
		}
	}
	return errors.Join(append(faults, t.scene.clear(ctx))...)
}
