package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	artifactscommon "github.com/argoproj/argo-workflows/v4/workflow/artifacts/common"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func selector(name, key string) *corev1.SecretKeySelector {
	return &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}
}

func s3Repository(keyFormat string) *wfv1.ArtifactRepository {
	insecure := true
	return &wfv1.ArtifactRepository{S3: &wfv1.S3ArtifactRepository{
		KeyFormat: keyFormat,
		S3Bucket: wfv1.S3Bucket{
			Endpoint: "127.0.0.1:1", Bucket: "bucket", Region: "us-east-1", Insecure: &insecure,
			AccessKeySecret: selector("s", "access"), SecretKeySecret: selector("s", "secret"),
		},
	}}
}

func quiet() context.Context {
	ctx, _ := withLogger(context.Background(), false)
	return ctx
}

func TestKeyFormatIsFilledWithWhatEveryWorkflowHas(t *testing.T) {
	for format, want := range map[string]string{
		"c/{{workflow.namespace}}/{{workflow.name}}/{{workflow.uid}}/{{pod.name}}": "c/team-a/argo-probe/00000000-0000-4000-8000-000000000000/argo-probe-pod",
		"{{workflow.creationTimestamp.Y}}/{{workflow.creationTimestamp.m}}/x":      "2000/01/x",
		"": "argo-probe/argo-probe-pod",
	} {
		location, err := sampleLocation(quiet(), s3Repository(format), "team-a")
		if err != nil {
			t.Fatal(err)
		}
		if key, _ := location.GetKey(); key != want {
			t.Errorf("%q gave %q, not %q", format, key, want)
		}
	}
}

func TestKeyFormatWithAVariableThatSomeWorkflowsLackFails(t *testing.T) {
	_, err := sampleLocation(quiet(), s3Repository("{{inputs.parameters.day}}/{{pod.name}}"), "team-a")
	if err == nil || err.Error() != "failed to resolve {{inputs.parameters.day}}" {
		t.Errorf("said %v", err)
	}
}

func perform1(name string, repository *wfv1.ArtifactRepository, timeout time.Duration) actionResult {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "team-a"},
		Data:       map[string][]byte{"access": []byte("access"), "secret": []byte("secret12")},
	}
	secrets := apiSecrets{fake.NewSimpleClientset(secret), "team-a"}
	return perform(quiet(), name, actions[name], repository.ToArtifactLocation(), "p", secrets, timeout)
}

func TestAStoreThatNeverAnswersEndsAtTheDeadline(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	repository := s3Repository("")
	repository.S3.Endpoint = listener.Addr().String()
	started := time.Now()
	result := perform1("save-file", repository, 300*time.Millisecond)
	if result.OK || result.NotFound || !strings.Contains(result.Error, "deadline exceeded") {
		t.Errorf("said %+v", result)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestAnEntryOnWhichArgoPanicsIsReported(t *testing.T) {
	repository := s3Repository("")
	repository.S3.SecretKeySecret = nil
	result := perform1("load", repository, time.Second)
	if result.OK || !strings.HasPrefix(result.Error, "argo panics: ") {
		t.Errorf("said %+v", result)
	}
}

func TestAMissingSecretIsNoMissingArtifact(t *testing.T) {
	repository := s3Repository("")
	repository.S3.AccessKeySecret.Name = "other"
	result := perform1("load-missing", repository, time.Second)
	if result.OK || result.NotFound || result.Error != `secrets "other" not found` {
		t.Errorf("said %+v", result)
	}
}

// folderDriver keeps one artifact in a folder.
type folderDriver struct {
	artifactscommon.ArtifactDriver
	content map[string]string
}

func (d folderDriver) Load(_ context.Context, _ *wfv1.Artifact, path string) error {
	for name, text := range d.content {
		local := filepath.Join(path, name)
		if err := os.MkdirAll(filepath.Dir(local), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(local, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (d folderDriver) OpenStream(context.Context, *wfv1.Artifact) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(d.content[""])), nil
}

func TestForeignContentIsNoSuccess(t *testing.T) {
	right := map[string]string{"a.txt": "argo-probe a\n", "below/b.txt": "argo-probe b\n"}
	for name, loaded := range map[string]struct {
		action  string
		content map[string]string
		ok      bool
	}{
		"file":           {"load", map[string]string{"": "argo-probe file\n"}, true},
		"other file":     {"load", map[string]string{"": "other"}, false},
		"stream":         {"open-stream", map[string]string{"": "argo-probe file\n"}, true},
		"other stream":   {"open-stream", map[string]string{"": "other"}, false},
		"directory":      {"load-directory", right, true},
		"half directory": {"load-directory", map[string]string{"a.txt": "argo-probe a\n"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			driver := folderDriver{content: loaded.content}
			_, err := actions[loaded.action].call(quiet(), call{driver, &wfv1.Artifact{}, filepath.Join(t.TempDir(), "a")})
			if (err == nil) != loaded.ok {
				t.Errorf("said %v", err)
			}
		})
	}
}

func TestOnlyMountedSecretsReachAPod(t *testing.T) {
	volume := corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: "s", Items: []corev1.KeyToPath{{Key: "access", Path: "access"}, {Key: "absent", Path: "absent"}},
	}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "team-a"},
		Spec:       corev1.PodSpec{Volumes: []corev1.Volume{{Name: "s", VolumeSource: volume}}},
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "team-a"},
		Data:       map[string][]byte{"access": []byte("a"), "secret": []byte("b")},
	}
	secrets := mountedSecrets{fake.NewSimpleClientset(secret), pod}
	for key, want := range map[string]string{
		"access": "",
		"secret": "open /argo/secret/s/secret: no such file or directory",
		"absent": "volume s of pod p cannot be mounted: the Secret has no key absent",
	} {
		value, err := secrets.GetSecret(quiet(), "s", key)
		if want == "" && (err != nil || value != "a") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %q, %v", key, value, err)
		}
	}
}

func TestPodViewNamesTheSecretsAndTheirKeys(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		ServiceAccountName: "gc",
		Volumes: []corev1.Volume{
			{Name: "v", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s", Items: []corev1.KeyToPath{{Key: "access"}}}}},
			{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		},
		Containers: []corev1.Container{{Name: "main", VolumeMounts: []corev1.VolumeMount{{Name: "v", MountPath: "/argo/secret/v", ReadOnly: true}}}},
	}}
	view := viewPod(pod)
	if got := view.Volumes[0]; got.Kind != "secret" || got.Secret != "s" || got.Keys[0] != "access" {
		t.Errorf("said %+v", got)
	}
	if got := view.Volumes[1]; got.Kind != "emptyDir" {
		t.Errorf("said %+v", got)
	}
	if got := view.Mounts[0]; got != (mountView{"main", "v", "/argo/secret/v", true}) {
		t.Errorf("said %+v", got)
	}
}
