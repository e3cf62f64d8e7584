package main

import (
	"context"
	"fmt"
	"os"

	"github.com/argoproj/argo-workflows/v4/config"
	corev1 "k8s.io/api/core/v1"
	apierr "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"
)

type configAnswer struct {
	OK     bool           `json:"ok"`
	Source string         `json:"source"`
	Config *config.Config `json:"config,omitempty"`
	Error  string         `json:"error,omitempty"`
}

func (a configAnswer) yes() bool { return a.OK }

func runControllerConfig(ctx context.Context, args []string) (answer, error) {
	flags := flagSet("controller-config")
	file := flags.String("file", "", "manifest of the ConfigMap, YAML or JSON")
	live := flags.Bool("live", false, "read the ConfigMap from the cluster")
	kubeconfig := flags.String("kubeconfig", "", "file that names the API server (with --live)")
	namespace := flags.String("controller-namespace", "argo", "namespace of the ConfigMap (with --live)")
	name := flags.String("name", "workflow-controller-configmap", "name of the ConfigMap (with --live)")
	if err := parse(flags, args); err != nil {
		return nil, err
	}
	if (*file == "") == !*live {
		return nil, usagef("one of --file and --live is required")
	}
	if *file != "" {
		parsed, err := configFromFile(ctx, *file)
		return configVerdict(*file, parsed, err)
	}
	if *kubeconfig == "" {
		return nil, usagef("--live needs --kubeconfig")
	}
	_, kube, err := connect(*kubeconfig, "")
	if err != nil {
		return nil, err
	}
	parsed, err := config.NewController(*namespace, *name, kube).Get(ctx)
	return configVerdict(*namespace+"/"+*name, parsed, err)
}

// configVerdict says what the controller would do with the configuration at its start.
func configVerdict(source string, parsed *config.Config, err error) (answer, error) {
	if _, wrong := err.(usageError); wrong {
		return nil, err
	}
	if err == nil {
		// The controller writes its configuration out again and stops when it cannot.
		_, err = yaml.Marshal(parsed)
	}
	if err != nil {
		return configAnswer{Source: source, Error: oneLine(err.Error())}, nil
	}
	return configAnswer{OK: true, Source: source, Config: parsed}, nil
}

// configFromFile gives a manifest to the code by which the controller reads its ConfigMap.
func configFromFile(ctx context.Context, path string) (*config.Config, error) {
	manifest, err := configMapFile(path)
	if err != nil {
		return nil, err
	}
	return config.NewController(manifest.Namespace, manifest.Name, fake.NewSimpleClientset(manifest)).Get(ctx)
}

// configMapFile reads the manifest of one ConfigMap.
func configMapFile(path string) (*corev1.ConfigMap, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("%s: cannot be read", path)
	}
	manifest := &corev1.ConfigMap{}
	if err := yaml.Unmarshal(text, manifest); err != nil {
		return nil, usagef("%s: %s", path, err)
	}
	if manifest.Kind != "ConfigMap" || manifest.Name == "" {
		return nil, usagef("%s: kind %q with name %q, a ConfigMap with a name is required", path, manifest.Kind, manifest.Name)
	}
	return manifest, nil
}

// controllerConfig is the configuration of the installation: of the file when
// one is given, else of the live ConfigMap; empty when there is none.
func (o *options) controllerConfig(ctx context.Context, kube kubernetes.Interface) (*config.Config, error) {
	if o.controllerFile != "" {
		return configFromFile(ctx, o.controllerFile)
	}
	parsed, err := config.NewController(o.controllerNamespace, o.controllerConfigMap, kube).Get(ctx)
	if apierr.IsNotFound(err) {
		return &config.Config{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("configuration %s/%s: %w", o.controllerNamespace, o.controllerConfigMap, err)
	}
	return parsed, nil
}
