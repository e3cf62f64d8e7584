package main

import (
	"context"
	"fmt"

	"github.com/argoproj/argo-workflows/v4/workflow/artifacts/resource"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// apiSecrets reads Secrets as argo-server does: through the Kubernetes API with
// the identity of the client. A missing key reads as empty, there as here.
type apiSecrets struct {
	kube      kubernetes.Interface
	namespace string
}

var _ resource.Interface = apiSecrets{}

// GetSecret returns one value of a Secret.
func (s apiSecrets) GetSecret(ctx context.Context, name, key string) (string, error) {
	secret, err := s.kube.CoreV1().Secrets(s.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return string(secret.Data[key]), nil
}

// GetConfigMapKey returns one value of a ConfigMap (HDFS keeps its krb5.conf in one).
func (s apiSecrets) GetConfigMapKey(ctx context.Context, name, key string) (string, error) {
	configMap, err := s.kube.CoreV1().ConfigMaps(s.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return configMap.Data[key], nil
}

// mountedSecrets reads Secrets as argoexec does in a pod: from the files that
// the kubelet mounts. What the pod's volumes don't name is not there.
type mountedSecrets struct {
	kube kubernetes.Interface
	pod  *corev1.Pod
}

var _ resource.Interface = mountedSecrets{}

// GetSecret returns the content of one mounted file.
func (s mountedSecrets) GetSecret(ctx context.Context, name, key string) (string, error) {
	if !mounts(s.pod, name, key) {
		return "", fmt.Errorf("open %s/%s/%s: no such file or directory", common.SecretVolMountPath, name, key)
	}
	secret, err := s.kube.CoreV1().Secrets(s.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("volume %s of pod %s cannot be mounted: %w", name, s.pod.Name, err)
	}
	value, found := secret.Data[key]
	if !found {
		return "", fmt.Errorf("volume %s of pod %s cannot be mounted: the Secret has no key %s", name, s.pod.Name, key)
	}
	return string(value), nil
}

// GetConfigMapKey fails as it does in a garbage-collection pod.
func (s mountedSecrets) GetConfigMapKey(context.Context, string, string) (string, error) {
	return "", fmt.Errorf("not supported")
}

// mounts says whether a volume of the pod holds the key of the Secret.
func mounts(pod *corev1.Pod, name, key string) bool {
	for _, volume := range pod.Spec.Volumes {
		if volume.Secret == nil || volume.Secret.SecretName != name {
			continue
		}
		for _, item := range volume.Secret.Items {
			if item.Key == key {
				return true
			}
		}
	}
	return false
}
