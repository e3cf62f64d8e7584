package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	wfclientset "github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/controller"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// requeueTime is how long Argo's controller lets an event wait. Its default of
// ten seconds suits a busy installation; Argo's own comment asks for at least one.
const requeueTime = time.Second

// hasten restarts this program once with a shorter requeue time: Argo reads the
// variable while its packages are initialised, before any code of ours runs.
func hasten() error {
	if os.Getenv(common.EnvVarDefaultRequeueTime) != "" {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	environment := append(os.Environ(), fmt.Sprintf("%s=%s", common.EnvVarDefaultRequeueTime, requeueTime))
	return syscall.Exec(program, os.Args, environment)
}

// runController runs Argo's controller in this process, for one namespace,
// until the context ends. It opens no port: the metrics server and the health
// check belong to the command, not to the controller. What the controller
// holds for fatal comes back on the channel.
func runController(ctx context.Context, config *rest.Config, kube kubernetes.Interface, o *options, configMap string, log *errorLog) <-chan error {
	fatal := make(chan error, 1)
	logging.SetExitFunc(func(int) {
		lines := log.all()
		select {
		case fatal <- errors.New("the controller stops: " + strings.Join(lines[max(0, len(lines)-1):], "")):
		default:
		}
		runtime.Goexit()
	})
	go func() {
		workflows, err := wfclientset.NewForConfig(config)
		if err != nil {
			fatal <- err
			return
		}
		const noImage, noPolicy, executorPlugins = "", "", false
		argo, err := controller.NewWorkflowController(ctx, config, kube, workflows,
			o.controllerNamespace, o.namespace, noImage, noPolicy, "text", configMap, executorPlugins)
		if err != nil {
			fatal <- err
			return
		}
		const workers = 2
		argo.Run(ctx, workers, workers, workers, workers, workers)
	}()
	return fatal
}
