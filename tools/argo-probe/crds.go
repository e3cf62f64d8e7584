package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/argoproj/argo-workflows/v4/pkg/apis/workflow"
	apierr "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
)

var crdResource = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

// argoKind is one kind that the controller watches.
type argoKind struct {
	kind, plural, scope string
	// status says that its status is written through the status subresource.
	status bool
}

var argoKinds = []argoKind{
	{workflow.WorkflowKind, workflow.WorkflowPlural, "Namespaced", false},
	{workflow.WorkflowTemplateKind, workflow.WorkflowTemplatePlural, "Namespaced", false},
	{workflow.ClusterWorkflowTemplateKind, workflow.ClusterWorkflowTemplatePlural, "Cluster", false},
	{workflow.CronWorkflowKind, workflow.CronWorkflowPlural, "Namespaced", false},
	{workflow.WorkflowTaskSetKind, "workflowtasksets", "Namespaced", true},
	{workflow.WorkflowTaskResultKind, "workflowtaskresults", "Namespaced", false},
	{workflow.WorkflowArtifactGCTaskKind, "workflowartifactgctasks", "Namespaced", true},
}

// definition is a CRD that takes any content, enough for a controller that checks by itself.
func (k argoKind) definition() *unstructured.Unstructured {
	version := map[string]any{
		"name": workflow.Version, "served": true, "storage": true,
		"schema": map[string]any{"openAPIV3Schema": map[string]any{
			"type": "object", "x-kubernetes-preserve-unknown-fields": true,
		}},
	}
	if k.status {
		version["subresources"] = map[string]any{"status": map[string]any{}}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": k.plural + "." + workflow.Group},
		"spec": map[string]any{
			"group": workflow.Group, "scope": k.scope, "versions": []any{version},
			"names": map[string]any{"kind": k.kind, "listKind": k.kind + "List", "plural": k.plural},
		},
	}}
}

// makeCRDs makes the definitions that the cluster lacks and returns their names.
// It returns what it made even when it fails.
func makeCRDs(ctx context.Context, client dynamic.Interface) ([]string, error) {
	crds := client.Resource(crdResource)
	var made []string
	for _, kind := range argoKinds {
		definition := kind.definition()
		_, err := crds.Create(ctx, definition, metav1.CreateOptions{})
		if apierr.IsAlreadyExists(err) {
			continue
		}
		if err != nil {
			return made, fmt.Errorf("create %s: %w", definition.GetName(), err)
		}
		made = append(made, definition.GetName())
	}
	for _, kind := range argoKinds {
		if err := waitServed(ctx, client, kind); err != nil {
			return made, err
		}
	}
	return made, nil
}

// waitServed waits until the API server answers for the kind.
func waitServed(ctx context.Context, client dynamic.Interface, kind argoKind) error {
	resource := client.Resource(schema.GroupVersionResource{
		Group: workflow.Group, Version: workflow.Version, Resource: kind.plural,
	})
	var last error
	err := wait.PollUntilContextTimeout(ctx, pollEvery, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		_, last = resource.List(ctx, metav1.ListOptions{Limit: 1})
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s is not served: %w", kind.plural, errors.Join(last, err))
	}
	return nil
}
