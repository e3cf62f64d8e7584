package main

import (
	"context"
	"errors"
	"fmt"

	wfclientset "github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	corev1 "k8s.io/api/core/v1"
	apierr "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// scene is what the controller needs in the cluster and what of it we made.
type scene struct {
	o         *options
	kube      kubernetes.Interface
	dynamic   dynamic.Interface
	workflows wfclientset.Interface
	// configMap is the name of the controller's ConfigMap.
	configMap string
	// undo takes away what we made, last first.
	undo []func(context.Context) error
}

// set makes what is missing: the kinds, the controller's namespace and its ConfigMap.
func (s *scene) set(ctx context.Context, run string) error {
	made, err := makeCRDs(ctx, s.dynamic)
	s.later(func(ctx context.Context) error { return s.removeCRDs(ctx, made) })
	if err != nil {
		return err
	}
	if err := s.alone(ctx); err != nil {
		return err
	}
	if err := s.setNamespace(ctx); err != nil {
		return err
	}
	return s.setConfigMap(ctx, run)
}

// removeCRDs removes all at once, then waits for each.
func (s *scene) removeCRDs(ctx context.Context, names []string) error {
	crds := s.dynamic.Resource(crdResource)
	var faults []error
	for _, name := range names {
		faults = append(faults, unlessGone(crds.Delete(ctx, name, metav1.DeleteOptions{})))
	}
	for _, name := range names {
		faults = append(faults, gone(ctx, func(ctx context.Context) error {
			return crds.Delete(ctx, name, metav1.DeleteOptions{})
		}))
	}
	return errors.Join(faults...)
}

// alone refuses a namespace with Workflows: our controller would act on them.
func (s *scene) alone(ctx context.Context) error {
	list, err := s.workflows.ArgoprojV1alpha1().Workflows(s.o.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if count := len(list.Items); count > 0 {
		return fmt.Errorf("namespace %s holds %d Workflows, on which the probe's controller would act; none is accepted", s.o.namespace, count)
	}
	return nil
}

func (s *scene) setNamespace(ctx context.Context) error {
	namespaces := s.kube.CoreV1().Namespaces()
	wanted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.o.controllerNamespace}}
	_, err := namespaces.Create(ctx, wanted, metav1.CreateOptions{})
	if apierr.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.later(func(ctx context.Context) error {
		return gone(ctx, func(ctx context.Context) error {
			return namespaces.Delete(ctx, wanted.Name, metav1.DeleteOptions{})
		})
	})
	return nil
}

// setConfigMap puts the manifest's data under a name of its own, or an empty
// configuration when the installation has none.
func (s *scene) setConfigMap(ctx context.Context, run string) error {
	configMaps := s.kube.CoreV1().ConfigMaps(s.o.controllerNamespace)
	wanted := &corev1.ConfigMap{}
	if s.o.controllerFile == "" {
		_, err := configMaps.Get(ctx, s.o.controllerConfigMap, metav1.GetOptions{})
		if !apierr.IsNotFound(err) {
			s.configMap = s.o.controllerConfigMap
			return err
		}
	} else {
		manifest, err := configMapFile(s.o.controllerFile)
		if err != nil {
			return err
		}
		wanted.Data = manifest.Data
	}
	s.configMap, wanted.Name = run, run
	if _, err := configMaps.Create(ctx, wanted, metav1.CreateOptions{}); err != nil {
		return err
	}
	s.later(func(ctx context.Context) error {
		return configMaps.Delete(ctx, run, metav1.DeleteOptions{})
	})
	return nil
}

// clearWorkflow takes a Workflow and all that belongs to it away, whatever its finalizers say.
func (s *scene) clearWorkflow(ctx context.Context, name string) error {
	now := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
	own := metav1.ListOptions{LabelSelector: common.LabelKeyWorkflow + "=" + name}
	argo := s.workflows.ArgoprojV1alpha1()
	none := []byte(`{"metadata":{"finalizers":null}}`)
	_, err := argo.Workflows(s.o.namespace).Patch(ctx, name, types.MergePatchType, none, metav1.PatchOptions{})
	faults := []error{
		unlessGone(err),
		unlessGone(argo.Workflows(s.o.namespace).Delete(ctx, name, now)),
		argo.WorkflowTaskResults(s.o.namespace).DeleteCollection(ctx, now, own),
		s.clearTasks(ctx, name),
		s.kube.CoreV1().Pods(s.o.namespace).DeleteCollection(ctx, now, own),
	}
	return errors.Join(faults...)
}

// clearTasks removes the garbage-collection tasks, which carry no label of their Workflow.
func (s *scene) clearTasks(ctx context.Context, workflow string) error {
	tasks := s.workflows.ArgoprojV1alpha1().WorkflowArtifactGCTasks(s.o.namespace)
	list, err := tasks.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var faults []error
	for _, task := range list.Items {
		if owner := metav1.GetControllerOf(&task); owner != nil && owner.Name == workflow {
			faults = append(faults, unlessGone(tasks.Delete(ctx, task.Name, metav1.DeleteOptions{})))
		}
	}
	return errors.Join(faults...)
}

func (s *scene) later(undo func(context.Context) error) { s.undo = append(s.undo, undo) }

// clear takes everything away that we made, last first; what is gone already is no fault.
func (s *scene) clear(ctx context.Context) error {
	var faults []error
	for i := len(s.undo) - 1; i >= 0; i-- {
		faults = append(faults, unlessGone(s.undo[i](ctx)))
	}
	s.undo = nil
	return errors.Join(faults...)
}

// gone repeats a deletion until the API server knows the object no longer, so
// that the next call finds neither half an object nor a name that is taken.
func gone(ctx context.Context, remove func(context.Context) error) error {
	return wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		err := remove(ctx)
		// A namespace that is already being deleted answers with a conflict.
		if err == nil || apierr.IsConflict(err) {
			return false, nil
		}
		return apierr.IsNotFound(err), unlessGone(err)
	})
}

func unlessGone(err error) error {
	if apierr.IsNotFound(err) {
		return nil
	}
	return err
}
