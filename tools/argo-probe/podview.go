package main

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// podView is what the controller decided about a pod, without the noise.
type podView struct {
	Name               string            `json:"name"`
	ServiceAccountName string            `json:"serviceAccountName"`
	Labels             map[string]string `json:"labels"`
	Annotations        map[string]string `json:"annotations"`
	Volumes            []volumeView      `json:"volumes"`
	Mounts             []mountView       `json:"mounts"`
}

// volumeView is a volume; Secret and Keys are set for Secrets only.
type volumeView struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Secret string   `json:"secret,omitempty"`
	Keys   []string `json:"keys,omitempty"`
}

// mountView is one mount in one container.
type mountView struct {
	Container string `json:"container"`
	Volume    string `json:"volume"`
	Path      string `json:"path"`
	ReadOnly  bool   `json:"readOnly"`
}

func viewPod(pod *corev1.Pod) *podView {
	view := &podView{
		Name: pod.Name, ServiceAccountName: pod.Spec.ServiceAccountName,
		Labels: pod.Labels, Annotations: pod.Annotations,
		Volumes: []volumeView{}, Mounts: []mountView{},
	}
	for _, volume := range pod.Spec.Volumes {
		view.Volumes = append(view.Volumes, viewVolume(volume))
	}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, mount := range container.VolumeMounts {
			view.Mounts = append(view.Mounts, mountView{container.Name, mount.Name, mount.MountPath, mount.ReadOnly})
		}
	}
	return view
}

func viewVolume(volume corev1.Volume) volumeView {
	view := volumeView{Name: volume.Name, Kind: kindOf(volume.VolumeSource)}
	if volume.Secret != nil {
		view.Secret = volume.Secret.SecretName
		for _, item := range volume.Secret.Items {
			view.Keys = append(view.Keys, item.Key)
		}
	}
	return view
}

// kindOf is the one field that a volume source has set, by its JSON name.
func kindOf(source corev1.VolumeSource) string {
	text, err := json.Marshal(source)
	if err != nil {
		return ""
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return ""
	}
	for _, kind := range slices.Sorted(maps.Keys(fields)) {
		return kind
	}
	return ""
}
