package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	corev1 "k8s.io/api/core/v1"
	apierr "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	pollEvery = 200 * time.Millisecond
	// startTimeout is how long a simulated node may take to report a pod as running.
	startTimeout = 2 * time.Second
)

// collectorFailed starts the controller's line about a garbage-collection pod
// that it could not make. It never tries again: the strategy counts as processed.
const collectorFailed = "failed to GC artifacts"

var errNoCollector = errors.New("no garbage-collection pod")

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
