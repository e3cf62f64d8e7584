package main

import (
	"context"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/workflow/artifactrepositories"
	"k8s.io/client-go/kubernetes"
)

// place is where Argo found a repository.
type place struct {
	Namespace string `json:"namespace"`
	ConfigMap string `json:"configMap"`
	Key       string `json:"key"`
	Default   bool   `json:"default"`
}

type resolveAnswer struct {
	OK        bool   `json:"ok"`
	Namespace string `json:"namespace"`
	// Ref is what spec.artifactRepositoryRef of the workflow would hold.
	Ref        *wfv1.ArtifactRepositoryRef `json:"ref"`
	Found      *place                      `json:"found"`
	Repository *wfv1.ArtifactRepository    `json:"repository"`
	// Usable says whether Argo can make the location of an artifact from it.
	Usable bool   `json:"usable"`
	Error  string `json:"error,omitempty"`
}

func (a resolveAnswer) yes() bool { return a.OK }

func runResolve(ctx context.Context, args []string) (answer, error) {
	var o options
	flags := flagSet("resolve")
	o.clusterFlags(flags)
	o.repositoryFlags(flags)
	if err := parse(flags, args); err != nil {
		return nil, err
	}
	if err := o.required(); err != nil {
		return nil, err
	}
	_, kube, err := connect(o.kubeconfig, "")
	if err != nil {
		return nil, err
	}
	ctx, _ = withLogger(ctx, o.verbose)
	return o.resolve(ctx, kube)
}

// ref is the reference of the workflow, nil when the call names none.
func (o *options) ref() *wfv1.ArtifactRepositoryRef {
	if o.configMap == "" && o.key == "" {
		return nil
	}
	return &wfv1.ArtifactRepositoryRef{ConfigMap: o.configMap, Key: o.key}
}

// resolve asks Argo as the controller asks when a workflow starts.
func (o *options) resolve(ctx context.Context, kube kubernetes.Interface) (resolveAnswer, error) {
	settings, err := o.controllerConfig(ctx, kube)
	if err != nil {
		return resolveAnswer{}, err
	}
	result := resolveAnswer{Namespace: o.namespace, Ref: o.ref()}
	repositories := artifactrepositories.New(kube, o.controllerNamespace, &settings.ArtifactRepository)
	status, err := repositories.Resolve(ctx, result.Ref, o.namespace)
	if err != nil {
		result.Error = oneLine(err.Error())
		return result, nil
	}
	result.Found = &place{status.Namespace, status.ConfigMap, status.Key, status.Default}
	if result.Repository, err = repositories.Get(ctx, status); err != nil {
		result.Error = oneLine(err.Error())
		return result, nil
	}
	result.Usable = result.Repository.ToArtifactLocation().HasLocation()
	if !result.Usable {
		result.Error = "the repository is empty or names no complete location: no artifact can be saved"
	}
	result.OK = result.Usable
	return result, nil
}
