package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	wfclientset "github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-workflows/v4/workflow/artifacts"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// stage plays the part of the pods that nobody runs: it makes, with the service
// account and the mounted Secrets of a pod, the calls that argoexec makes in it.
type stage struct {
	kube      kubernetes.Interface
	kubeFile  string
	namespace string
	timeout   time.Duration
}

// artifactResult is what the garbage-collection pod reports for one artifact.
type artifactResult struct {
	Key     string `json:"key"`
	Success bool   `json:"success"`
	Error   string `json:"error,omitempty"`
}

// argoAs is Argo's client with the identity of the pod's service account.
func (s stage) argoAs(pod *corev1.Pod) (wfclientset.Interface, error) {
	config, _, err := connect(s.kubeFile, serviceAccountUser(s.namespace, pod.Spec.ServiceAccountName))
	if err != nil {
		return nil, err
	}
	return wfclientset.NewForConfig(config)
}

// saveOutput plays a step's pod: it announces a result, saves the artifact where
// the controller told the pod to, and reports it. It returns the artifact's location.
func (s stage) saveOutput(ctx context.Context, pod *corev1.Pod, wf *wfv1.Workflow) (*wfv1.Artifact, error) {
	argo, err := s.argoAs(pod)
	if err != nil {
		return nil, err
	}
	template, err := templateOf(pod)
	if err != nil {
		return nil, err
	}
	results := argo.ArgoprojV1alpha1().WorkflowTaskResults(s.namespace)
	node := pod.Annotations[common.AnnotationKeyNodeID]
	if _, err := results.Create(ctx, newTaskResult(node, wf), metav1.CreateOptions{}); err != nil {
		return nil, fmt.Errorf("announce the result: %w", err)
	}
	saved, reported, err := s.save(ctx, pod, template)
	if err != nil {
		return nil, fmt.Errorf("save the artifact: %w", err)
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"labels": map[string]string{common.LabelKeyReportOutputsCompleted: "true"}},
		"outputs":  wfv1.Outputs{Artifacts: wfv1.Artifacts{*reported}},
	})
	if err != nil {
		return saved, err
	}
	if _, err := results.Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return saved, fmt.Errorf("report the result: %w", err)
	}
	return saved, s.end(ctx, pod, corev1.PodSucceeded)
}

// save returns the artifact with its whole location, and as a pod reports it:
// the key alone, so that the repository of the Workflow completes it.
func (s stage) save(ctx context.Context, pod *corev1.Pod, template *wfv1.Template) (saved, reported *wfv1.Artifact, err error) {
	folder, err := template.ArchiveLocation.GetKey()
	if err != nil {
		return nil, nil, err
	}
	reported = template.Outputs.Artifacts[0].DeepCopy()
	location, err := template.ArchiveLocation.Get()
	if err != nil {
		return nil, nil, err
	}
	if err := reported.SetType(location); err != nil {
		return nil, nil, err
	}
	// Argo packs an output that asks for nothing else, and names it so.
	key := path.Join(folder, path.Base(reported.Path)+".tgz")
	if err := reported.SetKey(key); err != nil {
		return nil, nil, err
	}
	saved = reported.DeepCopy()
	if err := saved.Relocate(template.ArchiveLocation); err != nil {
		return nil, nil, err
	}
	output := action{call: save(fileContent)}
	result := perform(ctx, "save-output", output, &saved.ArtifactLocation, key, mountedSecrets{s.kube, pod}, s.timeout)
	if !result.OK {
		return nil, nil, errors.New(result.Error)
	}
	return saved, reported, nil
}

// collect plays the garbage-collection pod, as `argoexec artifact delete` does.
func (s stage) collect(ctx context.Context, pod *corev1.Pod) ([]artifactResult, error) {
	argo, err := s.argoAs(pod)
	if err != nil {
		return nil, err
	}
	tasks := argo.ArgoprojV1alpha1().WorkflowArtifactGCTasks(s.namespace)
	own := fmt.Sprintf("%s=%s", common.LabelKeyArtifactGCPodHash, envOf(pod, common.EnvVarArtifactGCPodHash))
	list, err := tasks.List(ctx, metav1.ListOptions{LabelSelector: own})
	if err != nil {
		return nil, fmt.Errorf("list the tasks: %w", err)
	}
	var all []artifactResult
	for _, task := range list.Items {
		status, results, err := s.deleteAll(ctx, pod, task.Spec)
		all = append(all, results...)
		if err != nil {
			return all, err
		}
		patch, err := json.Marshal(map[string]any{"status": status})
		if err != nil {
			return all, err
		}
		if _, err := tasks.Patch(ctx, task.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
			return all, fmt.Errorf("report the task: %w", err)
		}
	}
	return all, nil
}

// deleteAll deletes the artifacts of one task. A refusal by the store is a
// result, as it is for argoexec; a driver that cannot be made ends the pod.
func (s stage) deleteAll(ctx context.Context, pod *corev1.Pod, spec wfv1.ArtifactGCSpec) (wfv1.ArtifactGCStatus, []artifactResult, error) {
	status := wfv1.ArtifactGCStatus{ArtifactResultsByNode: map[string]wfv1.ArtifactResultNodeStatus{}}
	var all []artifactResult
	for node, artifactsOf := range spec.ArtifactsByNode {
		results := map[string]wfv1.ArtifactResult{}
		for _, artifact := range artifactsOf.Artifacts {
			if err := artifact.Relocate(artifactsOf.ArchiveLocation); err != nil {
				return status, all, err
			}
			driver, err := artifacts.NewDriver(ctx, &artifact, mountedSecrets{s.kube, pod})
			if err != nil {
				return status, all, err
			}
			key, err := artifact.GetKey()
			if err != nil {
				return status, all, err
			}
			result := artifactResult{Key: key, Success: true}
			reported := wfv1.ArtifactResult{Name: artifact.Name, Success: true}
			if err := driver.Delete(ctx, &artifact); err != nil {
				result.Success, result.Error = false, oneLine(err.Error())
				reported.Success, reported.Error = false, &result.Error
			}
			all = append(all, result)
			results[artifact.Name] = reported
		}
		status.ArtifactResultsByNode[node] = wfv1.ArtifactResultNodeStatus{ArtifactResults: results}
	}
	return status, all, nil
}

// end reports the pod as the kubelet would when its containers have ended.
func (s stage) end(ctx context.Context, pod *corev1.Pod, phase corev1.PodPhase) error {
	code := int32(0)
	if phase == corev1.PodFailed {
		code = 1
	}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: "argo-probe"}}
	status := corev1.PodStatus{Phase: phase}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{Name: container.Name, State: ended})
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = s.kube.CoreV1().Pods(s.namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func newTaskResult(node string, wf *wfv1.Workflow) *wfv1.WorkflowTaskResult {
	labels := map[string]string{common.LabelKeyWorkflow: wf.Name, common.LabelKeyReportOutputsCompleted: "false"}
	if id, found := wf.Labels[common.LabelKeyControllerInstanceID]; found {
		labels[common.LabelKeyControllerInstanceID] = id
	}
	owner := metav1.OwnerReference{APIVersion: "argoproj.io/v1alpha1", Kind: "Workflow", Name: wf.Name, UID: wf.UID}
	return &wfv1.WorkflowTaskResult{
		TypeMeta: metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "WorkflowTaskResult"},
		ObjectMeta: metav1.ObjectMeta{
			Name: node, Labels: labels, OwnerReferences: []metav1.OwnerReference{owner},
		},
	}
}

// templateOf is the template that the controller hands to the pod.
func templateOf(pod *corev1.Pod) (*wfv1.Template, error) {
	for _, container := range pod.Spec.InitContainers {
		for _, variable := range container.Env {
			if variable.Name == common.EnvVarTemplate {
				template := &wfv1.Template{}
				return template, json.Unmarshal([]byte(variable.Value), template)
			}
		}
	}
	return nil, fmt.Errorf("pod %s carries no %s", pod.Name, common.EnvVarTemplate)
}

func envOf(pod *corev1.Pod, name string) string {
	for _, container := range pod.Spec.Containers {
		for _, variable := range container.Env {
			if variable.Name == name {
				return variable.Value
			}
		}
	}
	return ""
}
