package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// defaultTimeout bounds what a call may take when nothing is said.
const defaultTimeout = 60 * time.Second

// options are the flags of all subcommands; each registers those it reads.
type options struct {
	kubeconfig          string
	namespace           string
	controllerNamespace string
	controllerConfigMap string
	controllerFile      string
	configMap           string
	key                 string
	as                  string
	objectKey           string
	actions             string
	timeout             time.Duration
	verbose             bool
}

// flagSet is a set of flags that never prints and never exits by itself.
func flagSet(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parse reads the arguments; a request for help prints the flags and is no error.
func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(os.Stderr)
		flags.PrintDefaults()
		return usagef("these are the flags")
	case err != nil:
		return usagef("%s", err)
	case flags.NArg() > 0:
		return usagef("%q is no flag", flags.Arg(0))
	}
	return nil
}

// clusterFlags registers what every question about a cluster needs.
func (o *options) clusterFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the API server (required)")
	flags.StringVar(&o.namespace, "namespace", "", "namespace of the workflow (required)")
	flags.StringVar(&o.controllerNamespace, "controller-namespace", "argo", "namespace of the workflow controller")
	flags.StringVar(&o.controllerConfigMap, "controller-config-map", "workflow-controller-configmap", "name of the controller's ConfigMap")
	flags.StringVar(&o.controllerFile, "controller-config-file", "", "manifest to take in place of the live ConfigMap")
	flags.BoolVar(&o.verbose, "verbose", false, "print Argo's log lines on stderr")
}

// repositoryFlags registers the reference that spec.artifactRepositoryRef would hold.
func (o *options) repositoryFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.configMap, "config-map", "", "ConfigMap that the workflow refers to")
	flags.StringVar(&o.key, "key", "", "key in the ConfigMap that the workflow refers to")
}

// required returns the first required flag that is missing.
func (o *options) required() error {
	if o.kubeconfig == "" {
		return usagef("--kubeconfig is required")
	}
	if o.namespace == "" {
		return usagef("--namespace is required")
	}
	return nil
}

// connect makes a client of the API server; user, when given, is impersonated.
func connect(kubeconfig, user string) (*rest.Config, kubernetes.Interface, error) {
	if _, err := os.Stat(kubeconfig); err != nil {
		return nil, nil, usagef("--kubeconfig %s: cannot be read", kubeconfig)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, nil, usagef("--kubeconfig %s: %s", kubeconfig, err)
	}
	config.Impersonate.UserName = user
	// The default of five calls a second makes a probe wait for itself.
	config.QPS, config.Burst = 50, 100
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("make a client for %s: %w", kubeconfig, err)
	}
	return config, kube, nil
}

// serviceAccountUser is the name that the API server knows a service account by.
func serviceAccountUser(namespace, name string) string {
	return fmt.Sprintf("system:serviceaccount:%s:%s", namespace, name)
}
